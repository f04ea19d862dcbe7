"""Restoring: the same hashes, never an older state over a newer one unawares, old or new whenever it is killed."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from adapters.audit.verifier import verify
from adapters.books import durable
from adapters.books.anchor import anchor_of
from adapters.books.backup import Backup, back_up
from adapters.books.errors import BooksCorrupted, BooksError, BooksInUse, NotAllowed
from adapters.books.restore import Outcome, restore_backup
from adapters.books.store import open_books, verify_books
from engine.governance import acts
from tests.adapters.books.killing import NOTE_OF_A_RESTORE, OPERATIONS_OF_A_RESTORE, kill
from tests.adapters.books.publishing import fixed_clock
from tests.adapters.books.released_books import closed_hashes
from tests.adapters.books.test_backup import named, published
from tests.support.promises import reached, trials

SEED = 2021


@pytest.fixture
def backup(folder: Path, tmp_path: Path) -> Backup:
    """A backup of books with two loads."""
    published(folder, "a.csv", "b.csv")
    return back_up(folder, tmp_path / "backups", "Acme", "0.1", clock=fixed_clock, actor="preparer").backup


def restored(backup: Backup, folder: Path, comment: str = "", by: str = "preparer") -> Outcome:
    """Restore a backup; a comment says that newer books may be put aside."""
    return restore_backup(backup.folder, folder, replaces=bool(comment), comment=comment, clock=fixed_clock, actor=by)


def files_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every Parquet file of books by path."""
    return {path.relative_to(folder).as_posix(): durable.sha256_file(path) for path in folder.rglob("*.parquet")}


def names_of(folder: Path) -> list[str]:
    """The loads that books hold."""
    with open_books(folder, write=False) as books:
        return [one.file_name for one in books.loads()]


def test_a_backup_restores_to_the_same_hashes_in_books_that_go_on(backup: Backup, folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "books"
    before = files_of(folder)
    done = restored(backup, target)
    assert (done.is_new, done.aside, done.head.seq) == (True, None, 3)
    assert files_of(target) == before
    assert closed_hashes(target / "ledger.sqlite", 2) == closed_hashes(folder / "ledger.sqlite", 2)
    assert verify_books(target) == []
    with open_books(target, write=False) as books:
        event, act = books.ledger.audit_events()[-1], books.ledger.happened()[-1].act
    assert (event.actor, event.action, event.subject) == ("preparer", "restore", f"2:{backup.hash}")
    assert act == acts.Restored(f"2:{backup.hash}", backup.folder.name, "", "")
    published(target, "c.csv")
    assert names_of(target) == ["a.csv", "b.csv", "c.csv"]


def test_restoring_twice_does_nothing_twice(backup: Backup, folder: Path, tmp_path: Path) -> None:
    assert not restored(backup, folder).is_new
    target = tmp_path / "elsewhere" / "books"
    first, second = restored(backup, target), restored(backup, target)
    assert (first.is_new, second.is_new, second.head) == (True, False, first.head)
    assert len(anchor_of(target).lines()) == 4


def test_an_older_state_does_not_replace_a_newer_one_unless_told(backup: Backup, folder: Path) -> None:
    published(folder, "c.csv")
    newer = anchor_of(folder).last()
    for comment, replaces in (("", False), ("", True), ("by mistake", False)):
        with pytest.raises(BooksError, match=r"goes on to publication 3, .* ends with publication 2. Nothing was rest"):
            restore_backup(backup.folder, folder, replaces=replaces, comment=comment)
    assert names_of(folder) == ["a.csv", "b.csv", "c.csv"]
    done = restored(backup, folder, "c.csv is another client's")
    assert names_of(folder) == ["a.csv", "b.csv"]
    assert done.aside is not None
    assert done.aside == folder.with_name("books.before-20260401T083000Z")
    assert names_of(done.aside) == ["a.csv", "b.csv", "c.csv"]
    assert verify_books(folder) == verify_books(done.aside) == []
    assert verify(folder).problems == verify(done.aside).problems == ()
    assert newer is not None
    assert anchor_of(done.aside).last() == newer
    with open_books(folder, write=False) as books:
        act = books.ledger.happened()[-1].act
    assert act == acts.Restored(f"2:{backup.hash}", backup.folder.name, f"3:{newer.hash}", "c.csv is another client's")
    assert not restored(backup, folder).is_new


@pytest.mark.parametrize("what", ["books", "ledger", "all but the lock"])
def test_heads_beside_lost_books_know_that_they_were_newer(backup: Backup, folder: Path, what: str) -> None:
    published(folder, "c.csv")
    if what == "books":
        shutil.rmtree(folder)
    elif what == "ledger":
        (folder / "ledger.sqlite").write_bytes(b"gone")
    else:
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "lock").write_text("")
    with pytest.raises(BooksError, match=r"books.heads tells of publication 3, which the backup does not know"):
        restored(backup, folder)
    done = restored(backup, folder, "the disk broke")
    assert (names_of(folder), verify_books(folder)) == (["a.csv", "b.csv"], [])
    assert (done.aside is None) == (what == "books")
    assert [one.seq for one in anchor_of(folder.with_name("books.before-20260401T083000Z")).lines()] == [0, 1, 2, 3]


def test_damaged_books_that_the_backup_covers_are_restored_without_more(backup: Backup, folder: Path) -> None:
    next(folder.rglob("pos.parquet")).unlink()
    done = restored(backup, folder)
    assert done.aside is not None
    assert (names_of(folder), verify_books(folder)) == (["a.csv", "b.csv"], [])


def test_books_that_nobody_can_read_are_not_replaced_unless_told(backup: Backup, folder: Path) -> None:
    (folder / "ledger.sqlite").write_bytes(b"gone")
    anchor_of(folder).path.unlink()
    with pytest.raises(BooksError, match="cannot be read, so nobody can tell how far it goes"):
        restored(backup, folder)
    assert restored(backup, folder, "the disk broke").aside is not None


def test_other_books_and_older_ones_put_back_are_told_apart(backup: Backup, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "books"
    published(other, "x.csv")
    with pytest.raises(BooksError, match="goes on to publication 1, which the backup does not know"):
        restored(backup, other)
    published(folder, "c.csv")
    shutil.rmtree(folder)
    shutil.copytree(backup.layout.folder, folder)
    assert any("was put in the place" in one or "ends with publication" in one for one in verify_books(folder))
    with pytest.raises(BooksError, match=r"books.heads tells of publication 3"):
        restored(backup, folder)


def test_heads_that_are_a_link_stay_on_their_disk(backup: Backup, folder: Path, tmp_path: Path) -> None:
    published(folder, "c.csv")
    disk, heads = tmp_path / "disk", anchor_of(folder).path
    disk.mkdir()
    heads.rename(disk / "acme.heads")
    heads.symlink_to(disk / "acme.heads")
    restored(backup, folder, "by mistake")
    assert heads.is_symlink()
    assert sorted(path.name for path in disk.iterdir()) == ["acme.heads", "books.before-20260401T083000Z.heads"]
    assert verify_books(folder) == []


def test_a_restore_waits_for_no_writer_and_no_other_restore(backup: Backup, folder: Path) -> None:
    published(folder, "c.csv")
    with open_books(folder, write=True), pytest.raises(BooksInUse, match="is being written by process"):
        restored(backup, folder, "by mistake")
    with pytest.raises(BooksError, match="lie in one another"):
        restored(backup, backup.folder / "books")


def test_in_books_that_name_people_an_administrator_restores(folder: Path, tmp_path: Path) -> None:
    published(folder, "a.csv")
    named(folder)
    backup = back_up(folder, tmp_path / "backups", "Acme", "0.1", actor="root").backup
    for target in (folder, tmp_path / "elsewhere"):
        with pytest.raises(NotAllowed, match="ben may not do this, which is for an administrator"):
            restored(backup, target, "just so", by="ben")
    assert not (tmp_path / "elsewhere").exists()
    with open_books(folder, write=False) as books:
        last = books.ledger.happened()[-1]
    assert (last.by, last.act.subject) == ("ben", "backup restored")
    assert restored(backup, tmp_path / "elsewhere", by="root").is_new


def test_a_note_that_would_move_something_else_is_refused(folder: Path, tmp_path: Path) -> None:
    published(folder, "a.csv")
    note = folder.with_name("books.moving")
    (tmp_path / "else").mkdir()
    for text, words in (
        ('{"aside": [], "into": [["../else", "books"]]}', "would move what does not belong to the books"),
        ("{}", "was not written by tieout"),
    ):
        note.write_text(text)
        with pytest.raises(BooksError, match=words), open_books(folder, write=True):
            pass
    assert (tmp_path / "else").is_dir()


def test_any_backup_restores_to_the_same_hashes(tmp_path: Path) -> None:
    ran, wrong, heads = trials(500, 3), 0, set()
    for trial in range(ran):
        # Books of up to twenty loads: each is backed up as of each of its publications.
        folder = tmp_path / "client" / str(trial // 20) / "books"
        published(folder, f"{trial}.csv")
        into, target = tmp_path / "backups" / str(trial), tmp_path / "restored" / str(trial) / "books"
        into.parent.mkdir(exist_ok=True)
        backup = back_up(folder, into, "Acme", "0.1").backup
        restored(backup, target)
        heads.add(backup.hash)
        wrong += (
            verify_books(target) != []
            or files_of(target) != files_of(folder)
            or closed_hashes(target / "ledger.sqlite", backup.seq)
            != closed_hashes(folder / "ledger.sqlite", backup.seq)
        )
        shutil.rmtree(into)
        shutil.rmtree(target.parent)
    assert (wrong, len(heads)) == (0, ran)
    reached("P21", "backups restored and compared hash by hash", ran, wrong)


def test_a_restore_that_is_killed_leaves_the_old_books_or_the_new_ones(
    backup: Backup, folder: Path, tmp_path: Path
) -> None:
    published(folder, "c.csv")
    chance, ran = random.Random(SEED), trials(800, 5)
    left_old = left_new = wrong = 0
    for trial in range(ran):
        client = tmp_path / "trial"
        shutil.copytree(folder.parent, client)
        books = client / "books"
        # The last operations, from the note on, are where old and new lie side by side.
        first = 1 if trial % 4 == 0 else NOTE_OF_A_RESTORE - 2
        operation = chance.randint(first, OPERATIONS_OF_A_RESTORE)
        kill(lambda: restored(backup, books, "by mistake"), operation=operation, within=0)  # noqa: B023
        found = verify_books(books)
        names = found if found else names_of(books)
        left_old += names == ["a.csv", "b.csv", "c.csv"]
        left_new += names == ["a.csv", "b.csv"]
        done = restored(backup, books, "by mistake")
        wrong += verify_books(books) != [] or names_of(books) != ["a.csv", "b.csv"]
        wrong += done.is_new != (names == ["a.csv", "b.csv", "c.csv"])
        left = {path.name for path in client.iterdir()} - {"books", "books.heads"}
        wrong += {one.removesuffix(".heads") for one in left} != {"books.before-20260401T083000Z"} or len(left) != 2
        shutil.rmtree(client)
    assert left_old + left_new == ran, f"seed {SEED}"
    assert wrong == 0, f"seed {SEED}"
    assert min(left_old, left_new) >= 1
    reached("P21", "kills before a file operation of a restore", ran, wrong, left_old=left_old, left_new=left_new)


def test_what_was_damaged_on_the_way_is_not_put_in_place(
    backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def badly(source: Path, target: Path) -> None:
        content = bytearray(source.read_bytes())
        content[-1] ^= 1
        target.write_bytes(bytes(content))

    target = tmp_path / "elsewhere" / "books"
    with monkeypatch.context() as patch:
        patch.setattr(durable, "copy_file", badly)
        with pytest.raises(BooksCorrupted, match="did not read back as it was written, nothing was restored"):
            restored(backup, target)
    assert list(target.parent.iterdir()) == []
