"""A client's folder in which commands run, are hit by faults, and are looked at afterwards.

Each command runs in a child forked from a process that has everything in memory: the programs, the compiled rules, and
what the command works out before it writes. So a trial takes a tenth of a second, and what it does to the books is all
real: the command line, locks, Parquet files, the ledger. The clock stands still and random names are fixed, so two
undisturbed runs end in the same bytes, and a state is known by the hash of its head and those of its files.
"""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import signal
import sqlite3
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

import adapters.books.identity
import adapters.books.store
import adapters.cli.material
import adapters.cli.overrides
import adapters.closing.close
import adapters.intake
from adapters.books.backup import problems_of, read_backup
from adapters.books.errors import BooksError, BooksMissing
from adapters.books.store import open_books, verify_books
from adapters.cli.main import main
from dsl.diagnostics import Diagnostics
from tests.faults.control import Control, Fault
from tests.faults.shop import BACKUPS, FIXED, NAMING, Command, make_shop, name_people

intake: Any = adapters.intake
overrides: Any = adapters.cli.overrides
store: Any = adapters.books.store
identity: Any = adapters.books.identity
material: Any = adapters.cli.material
close: Any = adapters.closing.close
databases: Any = duckdb
"""Modules in which functions are replaced: what they work out is kept, their clock and random names are fixed."""

BOOKS = "books"
HEADS = ".heads"
"""The end of the name of the file of heads beside the books."""

ACCOUNT = ""
MOMENT = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)
IDENTITY = uuid.UUID(int=20260401)
LEFT = (f"{BOOKS}.restoring", f"{BOOKS}.moving.new", f"{BOOKS}.heads.new", BACKUPS)
"""Beginnings of names of what commands that died leave and the next one takes away; backups are looked at apart."""

PASSING = ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "lock")
"""Files of the books that are compared by what the ledger says, not by their bytes."""


@dataclass(frozen=True, slots=True)
class State:
    """What a client's folder holds: the head of its books (None where there are none), and all files with a hash."""

    seq: int | None
    hash: str
    files: tuple[tuple[str, str], ...]


NOTHING = State(None, "", ())


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code (negative: the signal that killed it), outputs, operations counted and hit."""

    code: int
    out: str
    err: str
    count: int
    fired: int

    @property
    def is_killed(self) -> bool:
        """Whether it was killed."""
        return self.code == -signal.SIGKILL

    @property
    def is_told(self) -> bool:
        """Whether it told its result: what it told must be in the books."""
        return bool(self.out)

    @property
    def says_nothing_was_written(self) -> bool:
        """Whether its result is that nothing was written: a load that could not read a delivered file."""
        return self.code == 1 and "nothing of this load was written" in self.out


class UnsoundError(AssertionError):
    """Books that do not open, or are not whole."""


class _Kept(Exception):  # noqa: N818
    """Ends a command once what it works out is kept."""


_KEPT = _Kept()
_NO_FAULT = Fault()


class Laboratory:
    """The client's folder, states of it that are kept by name, and what its commands work out in each."""

    def __init__(self, place: Path) -> None:
        self.client = (place / "client").resolve()
        self.states = place / "states"
        self.control = Control(self.client)
        self.control["no_sync"] = 1
        make_shop(self.client)
        self.states.mkdir()
        os.chdir(self.client)
        _stand_still()
        self._kept = ExitStack()
        self._override = ""
        self._worked_out: dict[tuple[str, str], Callable[[], None]] = {}

    @property
    def books(self) -> Path:
        """The books folder."""
        return self.client / BOOKS

    def keep(self, name: str) -> None:
        """Keep what the client's folder holds now, unless it is kept."""
        if not (self.states / name).exists():
            _copy(self.client, self.states / name)

    def put_back(self, name: str) -> None:
        """Let the client's folder hold what was kept."""
        self.clear()
        _copy(self.states / name, self.client)

    def clear(self) -> None:
        """Remove all that commands wrote."""
        for path in _written(self.client):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def work_out(self, command: Command, state: State) -> None:
        """Keep what a command works out in this state before it writes, for children that run it; nothing is written.

        The state must be the present one.
        """
        run_of, take_all, preview = close.run_of, intake._take_all, overrides.preview
        found: list[Any] = []

        @contextmanager
        def keep_run(books: Any, ruleset: Any, *arguments: Any, **named: Any) -> Iterator[Any]:
            run = self._kept.enter_context(run_of(books, ruleset, *arguments, **named))
            found.append(("run", run))
            found.append(("result", close.read_results(run, ruleset)))
            found.append(("raised", close.read_exceptions(run.world)))
            if found:
                raise _KEPT
            yield

        @contextmanager
        def keep_scratch() -> Iterator[Any]:
            connection = duckdb.connect(":memory:", config={"preserve_insertion_order": "false"})
            found.append(("scratch", self._kept.enter_context(connection)))
            yield connection

        def keep_taken(*arguments: Any) -> Any:
            found.append(("taken", take_all(*arguments)))
            raise _KEPT

        def keep_preview(*arguments: Any, **named: Any) -> Any:
            found.append(("preview", preview(*arguments, **named)))
            raise _KEPT

        named = {
            "run_of": (close, keep_run),
            "_take_all": (intake, keep_taken),
            "_scratch": (intake, keep_scratch),
            "preview": (overrides, keep_preview),
        }
        with _replaced(named), open(os.devnull, "w", encoding="utf-8") as nowhere:
            out, err = sys.stdout, sys.stderr
            sys.stdout = sys.stderr = nowhere
            try:
                self._main(command)
            finally:
                sys.stdout, sys.stderr = out, err
        kept = dict(found)

        def hand_out() -> None:
            if "run" in kept:
                close.run_of = lambda *_, **__: nullcontext(kept["run"])
                close.read_results = lambda *_: kept["result"]
                close.read_exceptions = lambda *_: kept["raised"]
            if "taken" in kept:
                intake._scratch = lambda: nullcontext(kept["scratch"])
                intake._take_all = lambda *_: kept["taken"]

            if "preview" in kept:
                overrides.preview = lambda *_, **__: kept["preview"]

        self._worked_out[command.name, state.hash] = hand_out

    def run(
        self, command: Command, state: State, fault: Fault = _NO_FAULT, after: Callable[[int], None] | None = None
    ) -> Ended:
        """Run a command in a child, under a fault; `state` is what it finds. `after` is given the child to disturb."""
        out, err = os.memfd_create("out"), os.memfd_create("err")
        gc.freeze()
        child = os.fork()
        if child == 0:
            self._be(command, state, fault, out, err)
        if after is not None:
            after(child)
        _, status = os.waitpid(child, 0)
        self.control.disarm()
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, _read(out), _read(err), self.control["count"], self.control["fired"])

    def _be(self, command: Command, state: State, fault: Fault, out: int, err: int) -> None:
        """Be the child: run the command, and end."""
        code = 250
        try:
            os.dup2(out, 1)
            os.dup2(err, 2)
            hand_out = self._worked_out.get((command.name, state.hash))
            if hand_out is not None:
                hand_out()
            run = self._ready(command)
            self.control.arm(fault)
            code = run()
            self.control.mark("told")
        finally:
            self.control.disarm()
            os._exit(code)

    def _main(self, command: Command) -> int:
        """Run a command in this process; its exit code."""
        return self._ready(command)()

    def _ready(self, command: Command) -> Callable[[], int]:
        """A command, its words filled in, to be run in this process."""
        identity.ACCOUNT = command.by
        if command.words == NAMING:
            return lambda: name_people(self.books, command.by)
        version = material.require_material(Path()).version
        return lambda: main(command.words.format(version=version, override=self._override).split())

    def examine(self) -> State:
        """Open the books as a reader and as a writer, who sweeps, and look at everything; UnsoundError."""
        for path in (self.client / BACKUPS).glob("[!.]*"):
            if problems := problems_of(read_backup(path)):
                raise UnsoundError(f"what has the name of a backup is none: {problems}")
        if not self.books.exists() and not (self.client / f"{BOOKS}.moving").exists():
            return NOTHING
        try:
            problems = verify_books(self.books)
            if problems and not (self.books / "ledger.sqlite").exists():
                with open_books(self.books, write=True, create=True):
                    problems = verify_books(self.books)
            if problems:
                raise UnsoundError("; ".join(problems))
            with open_books(self.books, write=True) as books:
                head = books.ledger.head()
                self._override = next(iter(books.state.overrides), self._override)
                named = {(file.home, file.seq) for file in books.ledger.files()}
                if set(books.layout.published()) != named or list(books.layout.staging.iterdir()):
                    raise UnsoundError("files are there that the ledger does not name")
        except BooksMissing:
            return NOTHING
        except (BooksError, OSError, sqlite3.Error) as error:
            raise UnsoundError(f"{type(error).__name__}: {error}") from error
        return State(head.seq, head.hash, tuple(_contents(self.client)))


def assert_one_thread() -> None:
    """AssertionError if there are threads that a forked child would miss; jemalloc's sleeps, and is not missed."""
    names = [Path(f"/proc/self/task/{one}/comm").read_text().strip() for one in os.listdir("/proc/self/task")]
    assert [name for name in names if name != "jemalloc_bg_thd"] == names[:1], names


def _account() -> str:
    """Whose account it is, once this stands in the place of `system_user`."""
    return ACCOUNT


def _stand_still() -> None:
    """Let the clock stand still, random names be fixed, rules be compiled once, and databases have one thread."""
    store.MOMENT = MOMENT
    store.utc_now.__code__ = (lambda: MOMENT).__code__
    identity.ACCOUNT = ""
    identity.system_user.__code__ = _account.__code__
    store.uuid.uuid4 = lambda: IDENTITY
    close.version = cache(close.version)
    check = material.check_material
    checked = cache(lambda folder: check(folder, Diagnostics()))
    material.check_material = lambda folder, _: checked(folder)
    connect = databases.connect
    alone = {"threads": "1", "async_threads": "0"}

    def connect_alone(database: str = ":memory:", *arguments: Any, **given: Any) -> Any:
        return connect(database, *arguments, **{**given, "config": {**alone, **(given.get("config") or {})}})

    databases.connect = connect_alone


@contextmanager
def _replaced(named: dict[str, tuple[Any, Any]]) -> Iterator[None]:
    before = {name: getattr(module, name) for name, (module, _) in named.items()}
    for name, (module, value) in named.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, (module, _) in named.items():
            setattr(module, name, before[name])


def _written(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.name not in FIXED]


def _copy(source: Path, target: Path) -> None:
    """Copy what commands wrote; files that never change are linked, which keeps their bytes for both."""
    target.mkdir(exist_ok=True)
    for path in _written(source):
        if path.is_dir():
            shutil.copytree(path, target / path.name, copy_function=_copy_file)
        else:
            shutil.copy2(path, target / path.name)


def _copy_file(source: str, target: str) -> None:
    if source.endswith(".parquet"):
        os.link(source, target)
    elif not source.endswith("-shm"):
        shutil.copy2(source, target)


def _contents(client: Path) -> Iterator[tuple[str, str]]:
    for top in _written(client):
        if top.name.startswith(LEFT):
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.name not in PASSING:
                yield path.relative_to(client).as_posix(), _content(path)


def _content(path: Path) -> str:
    """What a file says: nothing of those that the ledger knows by their hash and that were held against it, and of the
    heads their whole lines, since room for one more may be reserved behind them."""
    if path.suffix == ".parquet":
        return ""
    content = path.read_bytes()
    return hashlib.sha256(content[: content.rfind(b"\n") + 1] if path.suffix == HEADS else content).hexdigest()


def _read(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read().decode()
