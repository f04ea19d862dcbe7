"""The heads are lost, and somebody vouches for the books."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from adapters.audit.verifier import verify
from adapters.books.anchor import anchor_of
from adapters.books.anew import anchor_anew
from adapters.books.errors import BooksCorrupted, BooksError, BooksMissing, NotAllowed
from adapters.books.store import open_books, verify_books
from engine.governance import acts
from tests.adapters.audit.governed import POLICY, Ticking, found
from tests.adapters.books.publishing import fixed_clock, publish_load


@pytest.fixture
def alone(folder: Path) -> Path:
    """Books of one user, with two loads."""
    with open_books(folder, write=True, create=True, clock=fixed_clock, actor="ann") as books, duckdb.connect() as by:
        publish_load(books, by, "a.csv")
        publish_load(books, by, "b.csv")
    return folder


def test_lost_heads_are_written_anew_and_it_is_told_by_whom(alone: Path) -> None:
    heads = anchor_of(alone).path
    before = [line.rsplit(" ", 1)[0] for line in heads.read_text().splitlines()]
    heads.unlink()
    with pytest.raises(BooksCorrupted, match="let an administrator vouch"), open_books(alone, write=False):
        pass
    head = anchor_anew(alone, "the disk failed", fixed_clock, "ann")
    assert [line.rsplit(" ", 1)[0] for line in heads.read_text().splitlines()] == [*before, f"00000003 {head.hash}"]
    assert (verify_books(alone), verify(alone).problems) == ([], ())
    with open_books(alone, write=False) as books:
        [last] = books.ledger.happened(2)
    assert (last.by, last.act) == ("ann", acts.AnchoredAnew(f"2:{before[-1].split(' ')[1]}", "the disk failed"))
    assert not heads.with_name("books.heads.new").exists()


def test_a_link_to_another_disk_stays_a_link(alone: Path, tmp_path: Path) -> None:
    heads, elsewhere = anchor_of(alone).path, tmp_path / "elsewhere"
    elsewhere.mkdir()
    heads.unlink()
    heads.symlink_to(elsewhere / "acme.heads")
    anchor_anew(alone, "a new disk", fixed_clock, "ann")
    assert heads.is_symlink()
    assert len((elsewhere / "acme.heads").read_text().splitlines()) == 4
    assert verify_books(alone) == []


def test_nobody_vouches_for_books_that_are_anchored_damaged_or_not_there(alone: Path, tmp_path: Path) -> None:
    with pytest.raises(BooksError, match="is there; move it away first"):
        anchor_anew(alone, "to be sure", fixed_clock, "ann")
    anchor_of(alone).path.unlink()
    with pytest.raises(BooksError, match="say in the comment"):
        anchor_anew(alone, " ", fixed_clock, "ann")
    with pytest.raises(BooksMissing):
        anchor_anew(tmp_path / "nowhere", "lost", fixed_clock, "ann")
    fact = alone / "facts/00000001/pos.parquet"
    fact.chmod(0o644)
    fact.write_bytes(fact.read_bytes()[:-1])
    with pytest.raises(BooksCorrupted, match=r"pos\.parquet"):
        anchor_anew(alone, "lost", fixed_clock, "ann")
    assert not anchor_of(alone).path.exists()


def test_in_books_that_name_people_only_an_administrator_vouches(folder: Path) -> None:
    with open_books(folder, write=True, create=True, clock=Ticking(), actor="root", policy=POLICY) as books:
        found(books)
    kept = shutil.copy(anchor_of(folder).path, folder.parent / "kept")
    anchor_of(folder).path.unlink()
    with pytest.raises(NotAllowed, match="pia may not do this, which is for an administrator"):
        anchor_anew(folder, "let me", fixed_clock, "pia")
    assert not anchor_of(folder).path.exists()
    head = anchor_anew(folder, "lost with the disk", fixed_clock, "root")
    with open_books(folder, write=False) as books:
        refused, vouched = books.ledger.happened(head.seq - 2)
    assert [(one.by, one.act.verb) for one in (refused, vouched)] == [("pia", "refused"), ("ada", "anchored anew")]
    assert json.loads(acts.text_of(refused.act))["tried"] == "anchored anew"
    assert verify(folder).problems == ()
    assert Path(kept).read_text().split()[1] == anchor_of(folder).path.read_text().split()[1]
