from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from adapters.books import schema
from adapters.books.anchor import anchor_of
from adapters.books.entries import RunKind
from adapters.books.errors import BooksCorrupted
from adapters.books.store import open_books, verify_books
from dsl.diagnostics import InternalError
from tests.adapters.books.publishing import (
    copy_books,
    files_on_disk,
    fixed_clock,
    publish_acceptance,
    publish_load,
    publish_run,
    publish_upgrade,
    register_months,
)

COLUMNS = [(table, column) for table, columns in schema.CONTENT.items() for column in columns]
EVENT = ("seq", "at", "actor", "action", "subject", "content", "prev_hash", "hash")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "books"
    with open_books(folder, write=True, create=True, clock=fixed_clock) as books, duckdb.connect() as connection:
        publish_load(books, connection, "a.csv")
        register_months(books)
        publish_run(books, connection, "2026-01", RunKind.TRIAL)
        publish_run(books, connection, "2026-01", RunKind.HARD)
        publish_load(books, connection, "b.csv")
        publish_run(books, connection, "2026-02", RunKind.TRIAL)
        publish_acceptance(books, "2026-02", "siso", "oversell")
        publish_upgrade(books)
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return copy_books(sound, tmp_path / "books")


@contextmanager
def _tampering(folder: Path) -> Iterator[sqlite3.Connection]:
    """The ledger as somebody with a database tool has it: no triggers, no constraints checked, and no trace of that."""
    ledger = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
    try:
        triggers = ledger.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for trigger, _ in triggers:
            ledger.execute(f"DROP TRIGGER {trigger}")
        ledger.execute("PRAGMA ignore_check_constraints = ON")
        yield ledger
        for _, statement in triggers:
            ledger.execute(statement)
    finally:
        ledger.close()


def test_sound_books_have_no_problems(folder: Path) -> None:
    assert verify_books(folder) == []


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_every_edited_cell_is_found(folder: Path, table: str, column: str) -> None:
    with _tampering(folder) as ledger:
        [(value,)] = ledger.execute(f"SELECT {column} FROM {table} ORDER BY rowid DESC LIMIT 1").fetchall()
        changed = value + 1 if isinstance(value, int) else f"{value or ''}0"
        ledger.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT max(rowid) FROM {table})", (changed,))
    assert verify_books(folder) != []


@pytest.mark.parametrize("table", schema.CONTENT)
def test_every_deleted_row_is_found(folder: Path, table: str) -> None:
    with _tampering(folder) as ledger:
        ledger.execute(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
    assert verify_books(folder) != []


@pytest.mark.parametrize("column", EVENT)
def test_every_edited_event_is_found(folder: Path, column: str) -> None:
    other = f"CASE WHEN substr({column}, 1, 1) = '9' THEN '8' ELSE '9' END"
    with _tampering(folder) as ledger:
        ledger.execute(f"UPDATE audit_event SET {column} = {other} || substr({column}, 2) WHERE seq = 2")
    assert verify_books(folder) != []


def test_a_deleted_event_an_older_head_and_another_beginning_are_found(folder: Path, sound: Path) -> None:
    with _tampering(folder) as ledger:
        ledger.execute("DELETE FROM audit_event WHERE seq = 3")
    assert f"{folder / 'ledger.sqlite'}: publication 4 does not follow publication 2" in verify_books(folder)
    shutil.copy(sound / "ledger.sqlite", folder / "ledger.sqlite")
    with _tampering(folder) as ledger:
        ledger.execute("UPDATE head SET seq = 4, prev_hash = (SELECT prev_hash FROM audit_event WHERE seq = 4)")
    assert verify_books(folder) == [f"{folder / 'ledger.sqlite'}: the head is not at publication 8, the last one"]
    shutil.copy(sound / "ledger.sqlite", folder / "ledger.sqlite")
    with _tampering(folder) as ledger:
        ledger.execute("UPDATE store_version SET books = 'another'")
    assert verify_books(folder) == [
        f"{folder / 'ledger.sqlite'}: publication 1 does not follow publication 0",
        f"{folder}.heads knows another publication 0 than {folder / 'ledger.sqlite'} has; one of them was changed",
    ]


def test_a_dropped_trigger_and_another_table_are_found(folder: Path) -> None:
    for statement in ("DROP TRIGGER act_refuses_UPDATE", "CREATE TABLE notes (text TEXT)"):
        ledger = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
        ledger.execute(statement)
        ledger.close()
        assert verify_books(folder) == [f"{folder / 'ledger.sqlite'}: its tables, indexes or triggers were changed"]


def test_values_that_tieout_never_writes_are_a_finding_not_a_crash(folder: Path) -> None:
    with _tampering(folder) as ledger:
        ledger.execute("UPDATE audit_event SET prev_hash = 'not a hash'")
        ledger.execute("UPDATE file SET columns = 'not columns' WHERE home = 'runs'")
        ledger.execute("UPDATE load_total SET accepted = 'much'")
        ledger.execute("UPDATE run SET kind = 'half' WHERE number = 1 AND kind = 'hard'")
    assert f"{folder / 'ledger.sqlite'} holds a row that tieout did not write; restore the books from a backup" in (
        verify_books(folder)
    )
    with pytest.raises(BooksCorrupted, match="did not write"), open_books(folder, write=False):
        pass


def test_one_changed_byte_of_a_file_is_found_and_named(folder: Path) -> None:
    for path in sorted(files_on_disk(folder)):
        content = (folder / path).read_bytes()
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        (folder / path).chmod(0o644)
        (folder / path).write_bytes(changed)
        assert verify_books(folder) == [f"{folder / path} was changed; restore it from a backup"]
        (folder / path).write_bytes(content)


@pytest.mark.parametrize("harm", ["missing", "truncated", "swapped", "link", "folder link"])
def test_a_harmed_file_stops_opening_and_is_named(folder: Path, harm: str) -> None:
    path, other = folder / "facts/00000001/pos.parquet", folder / "runs/00000003/journal.parquet"
    path.chmod(0o644)
    if harm == "missing":
        path.unlink()
    elif harm == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif harm == "swapped":
        path.write_bytes(other.read_bytes())
    elif harm == "link":
        path.rename(folder / "elsewhere.parquet")
        path.symlink_to(folder / "elsewhere.parquet")
    else:
        path.parent.rename(folder / "elsewhere")
        path.parent.symlink_to(folder / "elsewhere")
    for write in (False, True):
        with (
            pytest.raises(BooksCorrupted, match=r"facts/00000001/pos\.parquet .*restore"),
            open_books(folder, write=write),
        ):
            pass
    assert [problem for problem in verify_books(folder) if "facts/00000001/pos.parquet" in problem]


def test_flipped_bytes_of_the_ledger_are_found_or_harmless(folder: Path) -> None:
    ledger = folder / "ledger.sqlite"
    content = ledger.read_bytes()
    with open_books(folder, write=False) as books:
        rows = [books.ledger.audit_events(), books.ledger.files(), books.loads(), books.runs("fiscal")]
    found = 0
    for place in range(0, len(content), max(1, len(content) // 211)):
        ledger.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        for end in ("-wal", "-shm"):
            Path(f"{ledger}{end}").unlink(missing_ok=True)
        if verify_books(folder):
            found += 1
            continue
        with open_books(folder, write=False) as books:
            assert rows == [books.ledger.audit_events(), books.ledger.files(), books.loads(), books.runs("fiscal")]
    assert found > 20


def test_leftovers_are_swept_by_the_next_writer_and_nothing_else_is(folder: Path) -> None:
    named = files_on_disk(folder)
    for left in ("staging/00000006/facts", "facts/00000006", "runs/00000002"):
        (folder / left).mkdir(parents=True)
        (folder / left / "pos.parquet").write_bytes(b"left")
    (folder / "facts" / "notes of the controller").mkdir()
    (folder / "facts" / "00000001" / "readme.txt").write_text("mine")
    with open_books(folder, write=False) as books:
        assert books.verify() == []
    assert len(files_on_disk(folder)) == len(named) + 3
    with open_books(folder, write=True) as books:
        assert books.verify() == []
    assert files_on_disk(folder) == named
    assert list((folder / "staging").iterdir()) == []
    assert (folder / "facts" / "notes of the controller").is_dir()
    assert (folder / "facts" / "00000001" / "readme.txt").read_text() == "mine"


def test_an_older_ledger_put_back_is_noticed_before_anything_is_swept(
    folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    older = (folder / "ledger.sqlite").read_bytes()
    with open_books(folder, write=True) as books:
        publish_load(books, connection, "c.csv")
        publish_load(books, connection, "d.csv")
    before = files_on_disk(folder)
    (folder / "ledger.sqlite").write_bytes(older)
    with (
        pytest.raises(
            BooksCorrupted, match=r"ends with publication 8, but .*heads knows 10: older books were put back"
        ),
        open_books(folder, write=True),
    ):
        pass
    assert files_on_disk(folder) == before


def test_a_lost_write_ahead_log_costs_nothing(
    folder: Path, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    crashed = tmp_path / "crashed"
    with open_books(folder, write=True) as books:
        publish_load(books, connection, "c.csv")
        shutil.copytree(folder, crashed, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        shutil.copy(anchor_of(folder).path, anchor_of(crashed).path)
    with open_books(crashed, write=True) as books:
        assert [load.file_name for load in books.loads()] == ["a.csv", "b.csv", "c.csv"]
        assert books.verify() == []


def test_a_changed_byte_is_found_before_a_period_is_frozen_and_blamed_for_what_it_broke(folder: Path) -> None:
    with open_books(folder, write=False) as books:
        books.check_bytes()
        path = books.fact_files("pos")[0]
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(changed))
    with open_books(folder, write=False) as books, pytest.raises(BooksCorrupted, match=f"{path.name} was changed"):
        books.check_bytes()
    for fault in (duckdb.InvalidInputException("ZSTD"), InternalError("the database refused it"), KeyError("x")):
        with pytest.raises(BooksCorrupted, match=f"{path.name} was changed"), open_books(folder, write=False):
            raise fault
    with pytest.raises(RuntimeError), open_books(folder, write=False):
        raise RuntimeError("of something else")


def test_a_ledger_whose_words_are_no_text_is_damaged(folder: Path) -> None:
    with _tampering(folder) as ledger:
        ledger.execute("PRAGMA writable_schema = ON")
        ledger.execute("UPDATE sqlite_schema SET name = CAST(X'f7f7' AS TEXT), sql = 'x' WHERE name = 'run'")
    [problem] = verify_books(folder)
    assert problem.endswith("restore the books from a backup")
    with pytest.raises(BooksCorrupted), open_books(folder, write=False):
        pass


def test_books_that_are_whole_are_not_blamed(folder: Path) -> None:
    with pytest.raises(InternalError), open_books(folder, write=False):
        raise InternalError("a bug")
