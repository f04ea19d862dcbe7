"""Books of earlier versions: refused by name until they are upgraded, and then every hash is what it was."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapters.audit.verifier import verify
from adapters.books import schema
from adapters.books.anchor import anchor_of
from adapters.books.entries import PeriodState
from adapters.books.errors import BooksCorrupted, BooksError
from adapters.books.store import open_books, verify_books
from adapters.books.upgrade import upgrade_books
from engine.governance import acts
from tests.adapters.books.killing import OPERATIONS_OF_AN_UPGRADE, kill
from tests.adapters.books.publishing import fixed_clock
from tests.adapters.books.released_books import VERSIONS, closed_hashes, unpacked
from tests.support.promises import reached, trials

LAST = 7
"""The last publication of the released books."""

SEED = 22


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return unpacked(3, tmp_path / "released")


def edited(folder: Path, *statements: str) -> None:
    """Change a ledger as somebody with a database tool can, triggers out of the way."""
    with closing(sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (3, "has books of store version 3: `tieout upgrade` brings them to version 4"),
        (5, "has books of store version 5: they were made by a newer tieout, .* up to 4; use the newer one"),
        (2, "has books of store version 2: no tieout brings them to version 4; load the files again"),
    ],
)
def test_books_of_another_version_are_refused_with_what_to_do(folder: Path, version: int, words: str) -> None:
    edited(folder, f"UPDATE store_version SET version = {version}")
    with pytest.raises(BooksError, match=words), open_books(folder, write=False):
        pass
    if version != 3:
        with pytest.raises(BooksError, match=words):
            upgrade_books(folder, "0.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_keeps_every_hash_and_is_a_publication_of_its_own(tmp_path: Path, version: int) -> None:
    folder = unpacked(version, tmp_path / "released")
    before = closed_hashes(folder / "ledger.sqlite", LAST)
    assert [len(before[name]) for name in ("heads", "runs", "periods")] == [7, 4, 4]
    done = upgrade_books(folder, "0.1", clock=fixed_clock, actor="administrator")
    assert (done.former, done.version, done.head.seq) == (version, schema.STORE_VERSION, LAST + 1)
    assert done.kept is not None
    assert closed_hashes(done.kept, LAST) == closed_hashes(folder / "ledger.sqlite", LAST) == before
    lines = anchor_of(folder).lines()
    assert [(one.seq, one.hash) for one in lines[1:]] == [(row[0], row[2]) for row in before["heads"]] + [
        (LAST + 1, done.head.hash)
    ]
    assert verify_books(folder) == []
    assert verify(folder).problems == ()
    with open_books(folder, write=True) as books:
        assert books.ledger.rows("SELECT * FROM upgrade") == [(schema.STORE_VERSION, "0.1", LAST + 1)]
        assert books.ledger.audit_events()[-1].actor == "administrator"
        closed = books.last_hard_closed("fiscal")
        assert closed is not None
        assert (closed.period, closed.id) == ("FY2026-P01", 5)
    again = upgrade_books(folder, "0.1")
    assert (again.kept, again.head, len(anchor_of(folder).lines())) == (None, done.head, LAST + 2)


def test_what_was_done_before_there_were_acts_counts_all_the_same(folder: Path) -> None:
    upgrade_books(folder, "0.1", actor="preparer")
    with open_books(folder, write=False) as books:
        state, said = books.state, [type(one.act) for one in books.ledger.happened()]
    assert said == [
        *[acts.Loaded] * 3, acts.TrialRun, acts.TrialRun, acts.Accepted, acts.HardClosed, *[acts.Loaded] * 3,
        acts.TrialRun,
    ]  # fmt: skip
    assert state.closing("fiscal", "FY2026-P01").closed_run == 5
    assert state.closing("fiscal", "FY2026-P01").accepted_by == {"preparer"}
    assert state.closing("fiscal", "FY2026-P02").trial == LAST
    assert state.loaders == {"preparer"}


def test_a_period_that_was_closed_before_there_were_acts_can_be_reopened(folder: Path) -> None:
    upgrade_books(folder, "0.1")

    def done(by: str, *some: acts.Act) -> None:
        with open_books(folder, write=True, actor=by) as books:
            books.record("test", *some)

    people = ("ann", "ben", "cem")
    done("root", acts.Founded("ada", "Ada", "root"))
    for one in people:
        done("root", acts.PersonAdded(one, one.title(), one), acts.RoleGranted(one, "controller"))
    period = ("fiscal", "FY2026-P01", 5)
    done("ann", acts.ReopenRequested(*period, "A sale was left out"))
    done("ben", acts.ReopenApproved(*period, ""))
    done("cem", acts.ReopenApproved(*period, ""), acts.Reopened(*period))
    with open_books(folder, write=False) as books:
        status = books.period("fiscal", "FY2026-P01")
        assert (status.state, status.epoch) == (PeriodState.REOPENED, 1)
        assert books.last_hard_closed("fiscal") is None
        assert books.verify() == []
    assert verify(folder).problems == ()


def _edit_an_event(folder: Path) -> None:
    edited(folder, "UPDATE audit_event SET actor = 'nobody' WHERE seq = 2")


def _edit_a_row(folder: Path) -> None:
    edited(folder, "UPDATE load SET loaded_at = '2026-01-01T00:00:00Z' WHERE id = 1")


def _lose_a_row(folder: Path) -> None:
    edited(folder, "DELETE FROM period_transition WHERE seq = 7")


def _change_a_file(folder: Path) -> None:
    path = folder / "runs/00000005/ledger_line.parquet"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def _lose_the_head(folder: Path) -> None:
    edited(folder, "DELETE FROM head")


def _break_the_ledger(folder: Path) -> None:
    (folder / "ledger.sqlite").write_bytes(b"no database at all, but long enough for one" * 100)


@pytest.mark.parametrize(
    "damage", [_edit_an_event, _edit_a_row, _lose_a_row, _change_a_file, _lose_the_head, _break_the_ledger]
)
def test_damaged_books_are_not_upgraded_and_stay_as_they_are(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder)
    before = (folder / "ledger.sqlite").read_bytes()
    with pytest.raises(BooksCorrupted):
        upgrade_books(folder, "0.1")
    assert (folder / "ledger.sqlite").read_bytes() == before
    assert not anchor_of(folder).path.exists()
    assert not list(folder.glob("ledger.sqlite.v*"))


def test_heads_that_are_there_already_stop_an_upgrade(folder: Path) -> None:
    anchor_of(folder).write([(0, "0" * 64, "2026-01-01T00:00:00Z")])
    with pytest.raises(BooksError, match="put in the place of newer books"):
        upgrade_books(folder, "0.1")


def test_an_upgrade_that_is_killed_leaves_the_old_books_or_the_new_ones(tmp_path: Path) -> None:
    chance, kept = random.Random(SEED), unpacked(3, tmp_path / "kept")
    before = closed_hashes(kept / "ledger.sqlite", LAST)
    ran = trials(50 * OPERATIONS_OF_AN_UPGRADE, 6)
    left_old = left_new = changed = 0
    for trial in range(ran):
        folder = tmp_path / str(trial) / "books"
        shutil.copytree(kept, folder)
        operation = 1 + trial * OPERATIONS_OF_AN_UPGRADE // ran if trial % 2 == 0 else None
        kill(lambda: upgrade_books(folder, "0.1"), operation=operation, within=chance.uniform(0, 0.08))  # noqa: B023
        is_new = verify_books(folder) == []
        if is_new:
            left_new += 1
        else:
            left_old += 1
            assert "has books of store version 3" in verify_books(folder)[0], f"seed {SEED}, trial {trial}"
            changed += closed_hashes(folder / "ledger.sqlite", LAST) != before
        upgrade_books(folder, "0.1")
        changed += closed_hashes(folder / "ledger.sqlite", LAST) != before or verify_books(folder) != []
        assert sorted(os.listdir(folder / "staging")) == []
        shutil.rmtree(folder.parent)
    assert changed == 0, f"seed {SEED}"
    assert left_old >= 2
    assert left_new >= 1
    reached("P22", "kills in the upgrade of books of version 3", ran, changed, left_old=left_old, left_new=left_new)
