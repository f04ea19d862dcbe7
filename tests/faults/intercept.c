/* Counts, kills, refuses and records the file operations of a process, for the fault driver (tests/faults/driver.py).

   Preloaded into a Python process. It looks at the operations on paths under one folder, of the one process that is
   armed in a block of shared memory (the file in FAULTS_CONTROL, laid out as `struct control` below and in control.py);
   children made by fork share the block. Everything else passes untouched. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT = 0, KILL = 1, FAIL_ONCE = 2, FAIL_ON = 3 };
enum { WRITES = 1, SYNCS = 2, NAMES = 4, READS = 8 };

struct control {
    int64_t armed;     /* the process whose operations count; 0: none */
    int64_t classes;   /* which operations count: a sum of the classes above */
    int64_t mode;
    int64_t at;        /* the operation that is hit, from 1 */
    int64_t error;     /* what a refused operation says */
    int64_t torn;      /* whether a write that is hit is half done first */
    int64_t count;     /* operations so far */
    int64_t fired;     /* operations hit so far */
    int64_t recording; /* whether operations are written to the file in FAULTS_LOG */
    int64_t reads;     /* reading operations so far */
    int64_t no_sync;   /* whether nothing is forced to the disk, in any process: a kill cannot tell, and it saves time */
    char folder[4096];
};

/* One recorded operation: this, then the first path, the second path and the data written. */
struct entry {
    int64_t kind, file, offset, size, first, second;
};

static struct control *control;
static int record_to = -1;
static __thread int inside;

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    const char *place = getenv("FAULTS_CONTROL"), *log = getenv("FAULTS_LOG");
    if (!place) return;
    int found = open(place, O_RDWR | O_CLOEXEC);
    if (found < 0) return;
    void *block = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, found, 0);
    if (block != MAP_FAILED) control = block;
    if (log) record_to = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int is_armed(void) { return control && !inside && control->armed == getpid(); }

static int is_watched(const char *path) {
    size_t length = strlen(control->folder);
    return length && !strncmp(path, control->folder, length) && (path[length] == '/' || path[length] == 0);
}

static int path_of(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0 && is_watched(path);
}

static int path_at(int folder, const char *name, char *path) {
    if (name[0] == '/') snprintf(path, PATH_MAX, "%s", name);
    else {
        char base[PATH_MAX];
        if (folder == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
        else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t length = readlink(link, base, sizeof base - 1);
            base[length < 0 ? 0 : length] = 0;
        }
        if (snprintf(path, PATH_MAX, "%s/%s", base, name) >= PATH_MAX) return 0;
    }
    return is_watched(path);
}

static void record(char kind, int64_t file, int64_t offset, const char *first, const char *second, const void *data,
                   int64_t size) {
    if (!control->recording || record_to < 0) return;
    struct entry entry = {kind, file, offset, size, (int64_t)strlen(first), (int64_t)strlen(second)};
    struct iovec parts[] = {{&entry, sizeof entry}, {(void *)first, (size_t)entry.first},
                            {(void *)second, (size_t)entry.second}, {(void *)data, data ? (size_t)size : 0}};
    inside = 1;
    if (writev(record_to, parts, 4) < 0) abort();
    inside = 0;
}

static int64_t file_at(const char *path) {
    struct stat status;
    return lstat(path, &status) ? 0 : (int64_t)status.st_ino;
}

static int64_t file_of(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) ? 0 : (int64_t)status.st_ino;
}

/* Counts an operation: 0 if it goes on, -1 if it is refused (errno is set), 1 if half of it comes before its hit. */
static int hits(int kind) {
    if (kind == READS) __atomic_add_fetch(&control->reads, 1, __ATOMIC_SEQ_CST);
    if (!(control->classes & kind)) return 0;
    int64_t now = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    int hit = control->mode == FAIL_ON ? now >= control->at : now == control->at;
    if (control->mode == COUNT || !hit) return 0;
    control->fired++;
    return control->torn && kind == WRITES ? 1 : -1;
}

static int strike(void) {
    if (control->mode == KILL) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = (int)control->error;
    return -1;
}

/* What is not a write of bytes is hit before it begins. */
static int refused(int kind) { return hits(kind) ? strike() : 0; }

static int opening(int folder, const char *name, int flags, mode_t mode) {
    REAL(openat);
    char path[PATH_MAX];
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    if (!is_armed() || !path_at(folder, name, path)) return real(folder, name, flags, mode);
    if (refused(writes ? WRITES : READS)) return -1;
    int64_t before = file_at(path);
    int descriptor = real(folder, name, flags, mode);
    if (descriptor >= 0 && writes && !before) record('c', file_of(descriptor), 0, path, "", NULL, 0);
    else if (descriptor >= 0 && writes && (flags & O_TRUNC)) record('t', before, 0, path, "", NULL, 0);
    return descriptor;
}

#define MODE_OF(flags) mode_t mode = 0; if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *name, int flags, ...) { MODE_OF(flags) return opening(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE_OF(flags) return opening(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE_OF(flags) return opening(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE_OF(flags) return opening(folder, name, flags, mode); }
int creat(const char *name, mode_t mode) { return opening(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return opening(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static ssize_t writing_at(int descriptor, const void *data, size_t size, off_t offset) {
    REAL(pwrite);
    char path[PATH_MAX];
    if (!is_armed() || !path_of(descriptor, path)) return real(descriptor, data, size, offset);
    int hit = hits(WRITES);
    if (hit < 0) return strike();
    ssize_t done = real(descriptor, data, hit && size > 1 ? size / 2 : size, offset);
    if (done > 0) record('w', file_of(descriptor), offset, path, "", data, done);
    return hit ? strike() : done;
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t offset) {
    return writing_at(descriptor, data, size, offset);
}
ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t offset) {
    return writing_at(descriptor, data, size, offset);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    REAL(write);
    char path[PATH_MAX];
    if (!is_armed() || !path_of(descriptor, path)) return real(descriptor, data, size);
    int hit = hits(WRITES);
    if (hit < 0) return strike();
    int flags = fcntl(descriptor, F_GETFL);
    off_t offset = lseek(descriptor, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t done = real(descriptor, data, hit && size > 1 ? size / 2 : size);
    if (done > 0) record('w', file_of(descriptor), offset, path, "", data, done);
    return hit ? strike() : done;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(writev);
    char path[PATH_MAX];
    if (!is_armed() || !path_of(descriptor, path)) return real(descriptor, parts, count);
    return count > 0 ? write(descriptor, parts[0].iov_base, parts[0].iov_len) : 0; /* a short write, which is allowed */
}

static int truncating(int descriptor, off_t size) {
    REAL(ftruncate);
    char path[PATH_MAX];
    if (!is_armed() || !path_of(descriptor, path)) return real(descriptor, size);
    if (refused(WRITES)) return -1;
    int done = real(descriptor, size);
    if (!done) record('t', file_of(descriptor), size, path, "", NULL, 0);
    return done;
}

int ftruncate(int descriptor, off_t size) { return truncating(descriptor, size); }
int ftruncate64(int descriptor, off64_t size) { return truncating(descriptor, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
    REAL(fallocate);
    char path[PATH_MAX];
    if (!is_armed() || !path_of(descriptor, path)) return real(descriptor, mode, offset, size);
    errno = EOPNOTSUPP; /* callers do without, as they must on other file systems */
    return -1;
}

static int reserving(int descriptor, off_t offset, off_t size) {
    REAL(posix_fallocate);
    char path[PATH_MAX];
    struct stat status;
    if (!is_armed() || !path_of(descriptor, path)) return real(descriptor, offset, size);
    if (refused(WRITES)) return errno;
    int done = real(descriptor, offset, size);
    if (!done && !fstat(descriptor, &status)) record('t', status.st_ino, status.st_size, path, "", NULL, 0);
    return done;
}

int posix_fallocate(int descriptor, off_t offset, off_t size) { return reserving(descriptor, offset, size); }
int posix_fallocate64(int descriptor, off64_t offset, off64_t size) { return reserving(descriptor, offset, size); }

/* Copies inside the kernel would not be seen: callers fall back to reading and writing. */
ssize_t sendfile64(int to, int from, off64_t *offset, size_t size) {
    static ssize_t (*real)(int, int, off64_t *, size_t);
    if (!real) real = (ssize_t(*)(int, int, off64_t *, size_t))dlsym(RTLD_NEXT, "sendfile64");
    char path[PATH_MAX];
    if (!is_armed() || !path_of(to, path)) return real(to, from, offset, size);
    errno = ENOTSOCK;
    return -1;
}

static int syncing(int descriptor, int (*real)(int)) {
    char path[PATH_MAX];
    if (control && is_armed() && path_of(descriptor, path)) {
        if (refused(SYNCS)) return -1;
        record('s', file_of(descriptor), 0, path, "", NULL, 0);
    }
    return control && control->no_sync ? 0 : real(descriptor);
}

int fsync(int descriptor) { REAL(fsync); return syncing(descriptor, real); }
int fdatasync(int descriptor) { REAL(fdatasync); return syncing(descriptor, real); }

static int moving(int source, const char *from, int target, const char *to) {
    REAL(renameat);
    char first[PATH_MAX], second[PATH_MAX];
    if (!is_armed() || !(path_at(source, from, first) | path_at(target, to, second)))
        return real(source, from, target, to);
    if (refused(NAMES)) return -1;
    int64_t file = file_at(first);
    int done = real(source, from, target, to);
    if (!done) record('r', file, 0, first, second, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) { return moving(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int source, const char *from, int target, const char *to) { return moving(source, from, target, to); }

static int unlinking(int folder, const char *name, int flags) {
    REAL(unlinkat);
    char path[PATH_MAX];
    if (!is_armed() || !path_at(folder, name, path)) return real(folder, name, flags);
    if (refused(NAMES)) return -1;
    int64_t file = file_at(path);
    int done = real(folder, name, flags);
    if (!done) record('u', file, 0, path, "", NULL, 0);
    return done;
}

int unlink(const char *name) { return unlinking(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return unlinking(folder, name, flags); }
int rmdir(const char *name) { return unlinking(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char *name) {
    struct stat status;
    int is_folder = !lstat(name, &status) && S_ISDIR(status.st_mode);
    return unlinking(AT_FDCWD, name, is_folder ? AT_REMOVEDIR : 0);
}

static int making(int folder, const char *name, mode_t mode) {
    REAL(mkdirat);
    char path[PATH_MAX];
    if (!is_armed() || !path_at(folder, name, path)) return real(folder, name, mode);
    if (refused(NAMES)) return -1;
    int done = real(folder, name, mode);
    if (!done) record('m', file_at(path), 0, path, "", NULL, 0);
    return done;
}

int mkdir(const char *name, mode_t mode) { return making(AT_FDCWD, name, mode); }
int mkdirat(int folder, const char *name, mode_t mode) { return making(folder, name, mode); }

int chmod(const char *name, mode_t mode) {
    REAL(chmod);
    char path[PATH_MAX];
    if (is_armed() && path_at(AT_FDCWD, name, path) && refused(NAMES)) return -1;
    return real(name, mode);
}

int fchmod(int descriptor, mode_t mode) {
    REAL(fchmod);
    char path[PATH_MAX];
    if (is_armed() && path_of(descriptor, path) && refused(NAMES)) return -1;
    return real(descriptor, mode);
}

static int linking(int source, const char *from, int target, const char *to, int flags) {
    REAL(linkat);
    char first[PATH_MAX], second[PATH_MAX];
    if (!is_armed() || !path_at(target, to, second)) return real(source, from, target, to, flags);
    if (refused(NAMES)) return -1;
    path_at(source, from, first);
    int done = real(source, from, target, to, flags);
    if (!done) record('l', file_at(second), 0, first, second, NULL, 0);
    return done;
}

int link(const char *from, const char *to) { return linking(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int source, const char *from, int target, const char *to, int flags) {
    return linking(source, from, target, to, flags);
}

ssize_t read(int descriptor, void *data, size_t size) {
    REAL(read);
    char path[PATH_MAX];
    if (is_armed() && path_of(descriptor, path) && refused(READS)) return -1;
    return real(descriptor, data, size);
}

static ssize_t reading_at(int descriptor, void *data, size_t size, off_t offset) {
    REAL(pread);
    char path[PATH_MAX];
    if (is_armed() && path_of(descriptor, path) && refused(READS)) return -1;
    return real(descriptor, data, size, offset);
}

ssize_t pread(int descriptor, void *data, size_t size, off_t offset) {
    return reading_at(descriptor, data, size, offset);
}
ssize_t pread64(int descriptor, void *data, size_t size, off64_t offset) {
    return reading_at(descriptor, data, size, offset);
}

/* A mark in the record, such as "acknowledged"; called by the driver. */
void faults_mark(const char *words) {
    if (control) record('a', 0, 0, words, "", NULL, 0);
}
