"""`tieout audit` and `tieout books anchor`, as somebody types them, over books that name people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.audit.log import log_of, selected
from adapters.books import anew
from adapters.books.anchor import anchor_of
from adapters.books.store import open_books
from adapters.cli.main import main
from tests.adapters.audit.governed import copied
from tests.support.commands import Outcome
from tests.support.shop_client import make_shop

Run = Callable[..., Outcome]


@pytest.fixture
def client(story: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client whose books are the story's; the test stands in it."""
    folder = make_shop(tmp_path / "shop")
    copied(story, folder / "books")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Outcome(code, captured.out, captured.err)

    return command


def test_verify_says_the_head_and_holds_a_printed_one_against_the_books(client: Path, run: Run) -> None:
    sound = run("audit", "verify")
    assert sound.code == 0
    told, head = sound.out.splitlines()
    assert told == "✓ 46 publications: every row, every file, every link and every act is as it should be"
    assert run("audit", "verify", "--head", head.removeprefix("head ")).code == 0
    other = run("audit", "verify", "--head", "46:0000000000000000", "--format", "json")
    assert (other.code, other.values["sound"]) == (1, False)
    assert other.values["problems"][0].startswith("publication 46 is not the one whose head was printed")
    anchor_of(client / "books").path.write_text("")
    lost = run("audit", "verify")
    assert lost.code == 1
    assert lost.out.startswith("✗ books.heads is missing or empty")
    assert "1 problem found" in lost.out


def test_the_log_tells_what_was_done_and_what_was_refused(client: Path, run: Run) -> None:
    refused = run("audit", "log", "--verb", "refused")
    assert refused.code == 0
    assert "refused: override approved" in refused.out
    assert "pia may not do this, which is for a reviewer or a" in " ".join(refused.out.split())
    of_nobody = run("audit", "log", "--by", "nobody", "--format", "json").values["acts"]
    assert [(one["did"], one["tried"], one["of"]) for one in of_nobody] == [("refused", "trial made", "2026-01")]
    february = run("audit", "log", "--period", "2026-02", "--format", "json").values["acts"]
    assert [(one["by"], one["did"]) for one in february] == [
        ("pia", "override proposed"), ("cora", "override rejected"), ("pia", "trial made"),
    ]  # fmt: skip
    assert [one["did"] for one in run("audit", "log", "--verb", "trial made", "--format", "json").values["acts"]] == [
        "trial made", "refused", "trial made", "trial made", "trial made",
    ]  # fmt: skip
    with open_books(client / "books", write=False) as books:
        entries = log_of(books.ledger)
        assert len(selected(entries)) == len(books.ledger.happened())
    assert "nothing" in run("audit", "log", "--by", "mallory").out


def test_lost_heads_are_anchored_anew(client: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    there = run("books", "anchor", "--comment", "to be sure")
    assert (there.code, "is there; move it away first" in there.err) == (1, True)
    anchor_of(client / "books").path.unlink()
    monkeypatch.setattr(anew, "who_acts", lambda *_: "pia")
    refused = run("books", "anchor", "--comment", "the disk failed")
    assert (refused.code, "pia may not do this, which is for an administrator" in refused.err) == (1, True)
    monkeypatch.setattr(anew, "who_acts", lambda *_: "ada")
    done = run("books", "anchor", "--comment", "the disk failed", "--format", "json")
    assert done.code == 0
    assert run("audit", "verify", "--format", "json").values == {
        "sound": True,
        "problems": [],
        "head": done.values["head"],
    }
