"""Backups: consistent beside a writer, verified before they have their name, and damage never restored."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from adapters.books.backup import Backup, Made, back_up, backups_in, newest_of, problems_of, read_backup
from adapters.books.errors import BooksCorrupted, BooksError, NotAllowed
from adapters.books.restore import restore_backup
from adapters.books.store import Books, open_books
from engine.governance import acts
from tests.adapters.books.killing import OPERATIONS_OF_A_BACKUP, kill
from tests.adapters.books.publishing import fixed_clock, publish_load, register_months
from tests.support.promises import reached, trials

SEED = 21


def made(folder: Path, into: Path, by: str = "preparer") -> Made:
    """A backup of the books in a folder."""
    return back_up(folder, into, "Acme & Söhne", "0.1", clock=fixed_clock, actor=by)


def published(folder: Path, *names: str, by: str = "preparer") -> None:
    """Publish loads to books."""
    with open_books(folder, write=True, create=True, actor=by) as books, duckdb.connect() as connection:
        for name in names:
            publish_load(books, connection, name)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def backup(folder: Path, into: Path) -> Backup:
    """A backup of books with two loads."""
    published(folder, "a.csv", "b.csv")
    return made(folder, into).backup


def test_a_backup_says_as_of_when_and_lists_every_file(folder: Path, backup: Backup) -> None:
    with open_books(folder, write=False) as books:
        head, files, event = books.ledger.head(), books.ledger.files(), books.ledger.audit_events()[-1]
    assert backup.folder.name == f"acme-s-hne-00000002-{head.hash[:12]}"
    assert (backup.seq, backup.hash, backup.store, backup.client) == (2, head.hash, 4, "Acme & Söhne")
    assert event.at <= backup.at
    assert set(backup.files) == {f"books/{one.path}" for one in files} | {"books/ledger.sqlite", "books.heads"}
    assert problems_of(backup) == []
    assert read_backup(backup.folder) == backup
    assert os.listdir(backup.folder.parent) == [backup.folder.name]


def test_the_same_state_is_backed_up_once(folder: Path, into: Path, backup: Backup) -> None:
    again = made(folder, into)
    assert (again.is_new, again.backup) == (False, backup)
    published(folder, "c.csv")
    later = made(folder, into)
    assert (later.is_new, later.backup.seq) == (True, 3)
    assert sorted(os.listdir(into)) == sorted([backup.folder.name, later.backup.folder.name])


def test_the_newest_backup_of_a_folder_is_found_unless_there_are_several_of_one_age(
    folder: Path, into: Path, backup: Backup, tmp_path: Path
) -> None:
    published(folder, "c.csv")
    later = made(folder, into).backup
    (into / ".begun.part").mkdir()
    assert backups_in(into) == (backup.folder, later.folder)
    assert (newest_of(into), newest_of(backup.folder)) == (later.folder, backup.folder)
    with pytest.raises(BooksError, match="is no backup"):
        newest_of(tmp_path / "client")
    published(tmp_path / "other" / "books", "c.csv")
    made(tmp_path / "other" / "books", into)
    with pytest.raises(BooksError, match="holds backups of several books"):
        newest_of(into)


def test_a_damaged_backup_of_the_same_state_is_named(folder: Path, into: Path, backup: Backup) -> None:
    (backup.folder / "books.heads").write_text("")
    with pytest.raises(BooksCorrupted, match=r"is there already and damaged: .*books.heads has 0 bytes.*move it away"):
        made(folder, into)


def test_a_backup_beside_a_writer_is_of_what_was_published(
    books: Books, folder: Path, into: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    publish_load(books, connection, "a.csv")
    begun: list[Backup] = []
    with books.publication("periods") as publication:
        publication.commit(lambda _: begun.append(made(folder, into).backup))
    register_months(books)
    [early] = begun
    assert early.seq == 1
    late = made(folder, into).backup
    assert late.seq == 3
    assert problems_of(early) == problems_of(late) == []


def test_damaged_books_are_not_backed_up(folder: Path, into: Path) -> None:
    published(folder, "a.csv")
    path = next(folder.rglob("pos.parquet"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(BooksCorrupted, match=r"books/facts/00000001/pos.parquet was changed"):
        made(folder, into)
    assert os.listdir(into) == []


def test_a_place_in_the_books_or_without_room_is_refused(
    folder: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(folder, "a.csv")
    with pytest.raises(BooksError, match="lies in the books themselves"):
        made(folder, folder / "backups")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        with pytest.raises(BooksError, match="has 1,000 bytes free and the backup needs"):
            made(folder, into)
    assert os.listdir(into) == []


def test_a_disk_that_fills_up_leaves_nothing(folder: Path, into: Path) -> None:
    published(folder, "a.csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (40_000, 150_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(BooksError, match=r"nothing was written; .* and run it again"):
                made(folder, into)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert os.listdir(into) == []
    assert made(folder, into).is_new


def test_a_backup_that_is_killed_has_no_name_and_the_next_one_is_whole(folder: Path, into: Path) -> None:
    published(folder, "a.csv")
    ran, partial, named = trials(600, 3), 0, 0
    for trial in range(ran):
        kill(lambda: made(folder, into), operation=1 + trial * OPERATIONS_OF_A_BACKUP // ran, within=0)
        names = os.listdir(into) if into.exists() else []
        named += sum(not name.startswith(".") for name in names)
        partial += sum(problems_of(read_backup(into / name)) != [] for name in names if not name.startswith("."))
        assert problems_of(made(folder, into).backup) == []
        assert [name for name in os.listdir(into) if name.startswith(".")] == []
        shutil.rmtree(into)
    assert partial == 0
    assert named < ran
    reached("P5", "kills before a file operation of a backup", ran, partial, finished=named)


# ---- people ----------------------------------------------------------------------------------------------------------


def named(folder: Path) -> None:
    """Let books name an administrator, Ada, and Ben, who holds no role."""
    for act in (acts.Founded("ada", "Ada", "root"), acts.PersonAdded("ben", "Ben", "ben")):
        with open_books(folder, write=True, actor="root") as books:
            books.record("people", act)


def test_in_books_that_name_people_an_administrator_makes_backups_and_it_is_recorded(folder: Path, into: Path) -> None:
    published(folder, "a.csv")
    named(folder)
    with pytest.raises(NotAllowed, match="ben may not do this, which is for an administrator"):
        made(folder, into, by="ben")
    assert not into.exists()
    first = made(folder, into, by="root")
    with open_books(folder, write=False) as books:
        last = [(one.by, one.act) for one in books.ledger.happened()][-2:]
        assert books.verify() == []
    assert isinstance(last[0][1], acts.Refused)
    assert last[1] == ("ada", acts.BackedUp(str(first.backup.folder), f"{first.backup.seq}:{first.backup.hash}"))
    again = made(folder, into, by="root")
    assert (again.is_new, again.backup) == (False, first.backup)


def test_a_backup_while_another_writes_is_recorded_when_it_is_run_again(folder: Path, into: Path) -> None:
    published(folder, "a.csv")
    named(folder)
    with open_books(folder, write=True), pytest.raises(BooksError, match="made and verified, but not recorded"):
        made(folder, into, by="root")
    assert [made(folder, into, by="root").is_new for _ in range(2)] == [False, False]
    with open_books(folder, write=False) as books:
        assert sum(isinstance(one.act, acts.BackedUp) for one in books.ledger.happened()) == 1


# ---- damage ----------------------------------------------------------------------------------------------------------


def _some_file(folder: Path, chance: random.Random) -> Path:
    return chance.choice(sorted(path for path in folder.rglob("*") if path.is_file()))


def _flip_a_bit(folder: Path, chance: random.Random) -> None:
    path = _some_file(folder, chance)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    _put(path, bytes(content))


def _cut(folder: Path, chance: random.Random) -> None:
    path = _some_file(folder, chance)
    _put(path, path.read_bytes()[: chance.randrange(path.stat().st_size)])


def _lose(folder: Path, chance: random.Random) -> None:
    _some_file(folder, chance).unlink()


def _add(folder: Path, chance: random.Random) -> None:
    name = chance.choice(("books/ledger.sqlite-wal", "books/facts/00000009/pos.parquet", "note.txt"))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")


def _swap(folder: Path, _: random.Random) -> None:
    one, other = sorted(folder.rglob("pos.parquet"))[:2]
    first, second = one.read_bytes(), other.read_bytes()
    # Two loads of the same rows have the same bytes; only their ends are told apart here.
    _put(one, second + b"1")
    _put(other, first + b"2")


def _link(folder: Path, chance: random.Random) -> None:
    path = _some_file(folder / "books", chance)
    elsewhere = folder.with_name("elsewhere")
    shutil.copy(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


def _zero_a_page(folder: Path, chance: random.Random) -> None:
    path = folder / "books/ledger.sqlite"
    content = bytearray(path.read_bytes())
    start = 4096 * chance.randrange(len(content) // 4096)
    content[start : start + 4096] = bytes(4096) if any(content[start : start + 4096]) else b"\1" * 4096
    _put(path, bytes(content))


def _edit_the_ledger_and_the_list(folder: Path, chance: random.Random) -> None:
    statement = chance.choice(
        (
            "UPDATE load SET accepted = accepted - 1, quarantined = quarantined + 1 WHERE id = 1",
            "UPDATE audit_event SET actor = 'nobody' WHERE seq = 1",
            "DELETE FROM load_total WHERE load = 2",
            "UPDATE head SET seq = 1",
            "UPDATE file SET sha256 = hex(zeroblob(32)) WHERE seq = 1 AND home = 'facts'",
        )
    )
    with closing(sqlite3.connect(folder / "books/ledger.sqlite", isolation_level=None)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(statement)
    _relist(folder)


def _swap_heads_and_list_them(folder: Path, _: random.Random) -> None:
    lines = (folder / "books.heads").read_text().splitlines(keepends=True)
    _put(folder / "books.heads", "".join(lines[:-1]).encode())
    _relist(folder)


def _lose_a_listed_file(folder: Path, _: random.Random) -> None:
    next(folder.rglob("pos.parquet")).unlink()
    _relist(folder)


def _rename_the_head(folder: Path, chance: random.Random) -> None:
    told = json.loads((folder / "backup.json").read_text())
    told[chance.choice(("hash", "books"))] = "0" * 64
    _write_list(folder, told)


def _put(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def _relist(folder: Path) -> None:
    """Make the list of a backup fit what is there, as somebody would who knows how it is written."""
    told = json.loads((folder / "backup.json").read_text())
    there = [name for name in told["files"] if (folder / name).exists()]
    told["files"] = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name in there
        for content in [(folder / name).read_bytes()]
    }
    _write_list(folder, told)


def _write_list(folder: Path, told: dict[str, object]) -> None:
    told = {name: value for name, value in told.items() if name != "sum"}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    told["sum"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "backup.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    _flip_a_bit, _cut, _lose, _add, _swap, _link, _zero_a_page, _edit_the_ledger_and_the_list,
    _swap_heads_and_list_them, _lose_a_listed_file, _rename_the_head,
)  # fmt: skip


def test_a_list_that_fits_is_accepted_so_that_forged_ones_fail_for_what_they_hide(backup: Backup) -> None:
    _relist(backup.folder)
    assert read_backup(backup.folder) == backup


def refusal_of(damaged: Path, target: Path) -> str:
    """Why a backup is not restored; empty where it is."""
    try:
        restore_backup(damaged, target)
    except BooksError as error:
        return str(error)
    return ""


def test_no_damaged_backup_is_restored(tmp_path: Path, backup: Backup) -> None:
    chance, ran, accepted = random.Random(SEED), trials(200, len(DAMAGES) + 1), []
    for trial in range(ran):
        damaged, target = tmp_path / "damaged" / str(trial), tmp_path / "restored" / str(trial)
        shutil.copytree(backup.folder, damaged)
        damage = DAMAGES[trial % len(DAMAGES)]
        damage(damaged, chance)
        said = refusal_of(damaged, target)
        if "use another backup" not in said and "is no backup" not in said:
            accepted.append(f"{damage.__name__}: {said}")
        assert not target.parent.exists() or os.listdir(target.parent) == []
        shutil.rmtree(tmp_path / "damaged")
        (tmp_path / "elsewhere").unlink(missing_ok=True)
    assert accepted == [], f"seed {SEED}"
    reached("P21", "damaged backups that somebody tried to restore", ran, len(accepted), ways=len(DAMAGES))
