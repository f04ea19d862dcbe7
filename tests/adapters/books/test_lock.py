from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.books.errors import BooksError, BooksInUse
from adapters.books.lock import WriterLock, refuse_network

SINCE = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
MOUNTS = """21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:40 / /mnt/share rw,relatime shared:2 - nfs4 server:/export rw
31 30 0:41 / /mnt/share/local rw,relatime - ext4 /dev/vdb rw
32 21 0:42 / /mnt/two\\040words rw,relatime - cifs //server/share rw
"""


def test_the_holder_stands_inside_the_lock(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "lock", SINCE)
    holder = json.loads((tmp_path / "lock").read_text())
    assert (holder["pid"], holder["since"]) == (os.getpid(), "2026-04-01T08:30:00+00:00")
    with pytest.raises(BooksInUse, match=f"by process {os.getpid()} on {holder['host']} since 2026-04-01T08:30:00"):
        WriterLock(tmp_path / "lock", SINCE)
    lock.release()
    WriterLock(tmp_path / "lock", SINCE).release()


@pytest.mark.parametrize("content", ["", "{}", "[]", "not json", '{"pid": "x", "host": 1, "since": 2}'])
def test_a_holder_that_cannot_be_read_is_another_process(tmp_path: Path, content: str) -> None:
    lock = WriterLock(tmp_path / "lock", SINCE)
    (tmp_path / "lock").write_text(content)
    with pytest.raises(BooksInUse, match="being written by another process"):
        WriterLock(tmp_path / "lock", SINCE)
    lock.release()


def test_a_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        WriterLock(tmp_path / "lock", SINCE)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert json.loads((tmp_path / "lock").read_text())["pid"] == child
    WriterLock(tmp_path / "lock", SINCE).release()


def test_a_removed_or_replaced_lock_is_not_held(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "lock", SINCE)
    lock.assert_held()
    (tmp_path / "lock").rename(tmp_path / "moved")
    assert not lock.is_held
    (tmp_path / "lock").touch()
    with pytest.raises(BooksError, match="was removed or replaced during the run, nothing was written"):
        lock.assert_held()
    lock.release()


def test_a_lock_is_not_followed_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        WriterLock(tmp_path / "lock", SINCE)


@pytest.mark.parametrize(
    ("folder", "refused"),
    [
        ("/srv/books", ""),
        ("/mnt/share/client/books", "nfs4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/shared/books", ""),
        ("/mnt/share/local/books", ""),
        ("/mnt/two words/books", "cifs"),
    ],
)
def test_network_file_systems_are_refused(tmp_path: Path, folder: str, refused: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    if refused:
        with pytest.raises(BooksError, match=rf"lies on a network file system \({refused}\).*local disk"):
            refuse_network(Path(folder), mounts)
    else:
        refuse_network(Path(folder), mounts)


def test_where_there_is_no_mount_table_nothing_is_refused(tmp_path: Path) -> None:
    refuse_network(tmp_path, tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
