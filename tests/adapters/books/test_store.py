from __future__ import annotations

import os
import pwd
import sqlite3
from pathlib import Path

import duckdb
import pytest

from adapters.books import schema
from adapters.books.entries import RunKind
from adapters.books.errors import BooksCorrupted, BooksError, BooksInUse, BooksMissing, UnknownPeriod
from adapters.books.identity import system_user
from adapters.books.store import Books, open_books, verify_books
from dsl.diagnostics import InternalError
from tests.adapters.books.publishing import (
    CALENDAR,
    ROWS,
    content_hash,
    files_on_disk,
    publish_load,
    publish_run,
    register_months,
)


def test_books_that_are_not_there_are_missed_and_not_made(folder: Path) -> None:
    for write in (False, True):
        with pytest.raises(BooksMissing, match="there are no books in"), open_books(folder, write=write):
            pass
    assert not folder.exists()
    assert verify_books(folder) == [f"there are no books in {folder}; load a file to begin them"]


def test_an_empty_folder_is_no_books_either(folder: Path) -> None:
    folder.mkdir(parents=True)
    with pytest.raises(BooksMissing), open_books(folder, write=True):
        pass
    with pytest.raises(BooksMissing), open_books(folder, write=False):
        pass


def test_new_books_are_empty_and_sound(books: Books) -> None:
    assert books.loads() == ()
    assert books.fact_files("pos") == []
    assert books.quarantine_files() == []
    assert books.first_open_period(CALENDAR) is None
    assert books.last_hard_closed(CALENDAR) is None
    assert books.latest_trial(CALENDAR, "2026-01") is None
    assert books.verify() == []


def test_readers_do_not_create(folder: Path) -> None:
    with pytest.raises(InternalError), open_books(folder, write=False, create=True):
        pass


def test_what_was_published_is_there_after_opening_again(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with open_books(folder, write=True, create=True) as books:
        receipt = publish_load(books, connection, "a.csv")
    with open_books(folder, write=False) as books:
        [load] = books.loads()
        assert (load.file_name, load.seq, load.received, load.accepted, load.quarantined) == ("a.csv", 1, 43, 40, 3)
        assert str(load.control_totals[0].received) == "783.00"
        assert [file.path for file in load.files] == ["facts/00000001/pos.parquet", "quarantine/00000001/feed.parquet"]
        assert books.ledger.head().hash == receipt.hash
        [path] = books.fact_files("pos")
        assert connection.read_parquet(str(path)).aggregate("count(*)").fetchall() == [(ROWS,)]
        assert books.quarantine_files() == [folder / "quarantine/00000001/feed.parquet"]
        assert books.verify() == []


def test_a_file_is_known_by_its_content_and_feed(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    publish_load(books, connection, "a.csv")
    known = books.known_file(content_hash("a.csv"))
    assert known is not None
    assert known.file_name == "a.csv"
    assert books.known_file(content_hash("a.csv"), "feed") == known
    assert books.known_file(content_hash("a.csv"), "other feed") is None
    assert books.known_file(content_hash("b.csv")) is None


def test_runs_are_found_by_period_and_kind(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    register_months(books)
    for period, kind in (("2026-01", RunKind.TRIAL), ("2026-01", RunKind.TRIAL), ("2026-01", RunKind.HARD)):
        publish_run(books, connection, period, kind)
    publish_run(books, connection, "2026-02", RunKind.TRIAL)
    history = [(run.id, run.period, run.kind.value, run.number) for run in books.runs(CALENDAR)]
    assert history == [
        (2, "2026-01", "trial", 1),
        (3, "2026-01", "trial", 2),
        (4, "2026-01", "hard", 1),
        (5, "2026-02", "trial", 1),
    ]
    assert [run.id for run in books.runs(CALENDAR, "2026-02")] == [5]
    closed, trial = books.last_hard_closed(CALENDAR), books.latest_trial(CALENDAR, "2026-01")
    assert closed is not None
    assert trial is not None
    assert (closed.id, trial.id) == (4, 3)
    assert books.run_files(closed) == {"journal": books.layout.folder / "runs/00000004/journal.parquet"}
    first_open = books.first_open_period(CALENDAR)
    assert first_open is not None
    assert first_open.period.name == "2026-02"
    assert [status.state.value for status in books.periods(CALENDAR)] == ["hard-closed", "trial", "open"]
    with pytest.raises(UnknownPeriod, match=r"known: 2026-01, 2026-02, 2026-03"):
        books.period(CALENDAR, "2026-13")


def test_the_second_writer_is_told_who_writes(books: Books, folder: Path) -> None:
    message = rf"is being written by process {os.getpid()} on .* since 2026-04-01T08:30:00"
    with pytest.raises(BooksInUse, match=message), open_books(folder, write=True):
        pass
    assert books.verify() == []


def test_readers_read_while_a_writer_writes_and_see_the_books_as_they_opened_them(
    books: Books, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    publish_load(books, connection, "a.csv")
    with open_books(folder, write=False) as early:
        publish_load(books, connection, "b.csv")
        with open_books(folder, write=False) as late:
            assert [load.file_name for load in early.loads()] == ["a.csv"]
            assert [load.file_name for load in late.loads()] == ["a.csv", "b.csv"]
            assert early.verify() == []
            assert late.verify() == []


def test_readers_cannot_publish(books: Books, folder: Path) -> None:
    assert books.loads() == ()
    with open_books(folder, write=False) as reader, pytest.raises(InternalError), reader.publication("load"):
        pass
    with open_books(folder, write=False) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.ledger.connection.execute("DELETE FROM head")


def test_a_lost_ledger_is_not_replaced_by_an_empty_one(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with open_books(folder, write=True, create=True) as books:
        publish_load(books, connection, "a.csv")
    (folder / "ledger.sqlite").unlink()
    before = files_on_disk(folder)
    for write in (False, True):
        with (
            pytest.raises(BooksCorrupted, match=r"ledger\.sqlite is missing but the files it names are there"),
            open_books(folder, write=write, create=write),
        ):
            pass
    assert files_on_disk(folder) == before


def test_books_of_a_newer_tieout_are_refused_by_version(folder: Path) -> None:
    with open_books(folder, write=True, create=True):
        pass
    with sqlite3.connect(folder / "ledger.sqlite") as ledger:
        ledger.execute("DROP TRIGGER store_version_refuses_UPDATE")
        ledger.execute("UPDATE store_version SET version = 99")
    ledger.close()
    with (
        pytest.raises(
            BooksError, match=f"store version 99: .*newer tieout.*up to {schema.STORE_VERSION}; use the newer"
        ),
        open_books(folder, write=False),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"not a ledger", b"SQLite format 3\x00" + b"\x00" * 5000])
def test_a_ledger_that_is_none_is_refused_by_name(folder: Path, content: bytes) -> None:
    with open_books(folder, write=True, create=True):
        pass
    (folder / "ledger.sqlite").write_bytes(content)
    for write in (False, True):
        with pytest.raises(BooksCorrupted, match=r"ledger\.sqlite .*restore"), open_books(folder, write=write):
            pass
    [problem] = verify_books(folder)
    assert "ledger.sqlite" in problem


def test_another_database_is_no_ledger(folder: Path) -> None:
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "ledger.sqlite") as other:
        other.execute("CREATE TABLE store_version_of_something (id INTEGER)")
    other.close()
    with pytest.raises(BooksCorrupted, match="is not a ledger of tieout"), open_books(folder, write=True, create=True):
        pass


def test_creation_that_was_interrupted_is_begun_again(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    (folder / "staging").mkdir(parents=True)
    (folder / "staging" / "ledger.sqlite").write_bytes(b"half")
    with open_books(folder, write=True, create=True) as books:
        publish_load(books, connection, "a.csv")
        assert books.verify() == []
    assert list((folder / "staging").iterdir()) == []


def test_one_publication_at_a_time(books: Books) -> None:
    with (
        books.publication("periods"),
        pytest.raises(InternalError, match="under way already"),
        books.publication("periods"),
    ):
        pass


def test_books_are_of_no_use_in_a_forked_child_and_it_cannot_break_the_lock(
    books: Books, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            books.loads()
        except InternalError:
            assert books._lock is not None
            books.ledger.close()
            books._lock.release()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    with pytest.raises(BooksInUse), open_books(folder, write=True):
        pass
    publish_load(books, connection, "a.csv")
    assert books.verify() == []


def test_who_acts_is_the_system_user_even_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_user() == pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 987654321)
    assert system_user() == "user 987654321"
