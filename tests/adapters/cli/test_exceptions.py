"""A period that waits for decisions: refused, looked into, accepted with a reason, closed for good."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.main import main
from tests.support.commands import Outcome, Tieout
from tests.support.shop_client import JANUARY, RULESET, make_shop

PERIOD = "FY2026-P01"
CLOSE = """    step facts-in by controller needs every-report-in
    step stock-tied by controller needs siso after facts-in
    trial close allows unresolved siso up to 150 USD
    hard close needs every step
    hard close needs no open look-into
    hard close needs approval by controller
"""
FORMER = "    step facts-in by controller needs every-report-in\n    hard close needs every step\n"
COUNTS = "Partner,Part,Units,Date\nACME,X100,7,2026-01-31\nACME,X200,{left},2026-01-31\n"
"""BRAVO does not report; ACME's X200 lacks 4 of 4 units at 40.00 with none left, one with 3."""


def stored(folder: Path) -> dict[str, str]:
    """Everything in the books, by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "books").rglob("*"))
        if path.is_file() and path.suffix in (".parquet", ".sqlite")
    }


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with conditions for a close, and with two things that keep it from being made."""
    shop = make_shop(
        tmp_path_factory.mktemp("loaded") / "shop", {**JANUARY, "counts_2026-01.csv": COUNTS.format(left=0)}
    )
    assert FORMER in RULESET
    (shop / "shop.tieout").write_text(RULESET.replace(FORMER, CLOSE), "utf-8")
    assert main(["load", "--client", str(shop), "--on", "2026-02-02"]) == 0
    return shop


@pytest.fixture(scope="module")
def tried(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, closed on trial."""
    shop = shutil.copytree(loaded, tmp_path_factory.mktemp("tried") / "shop")
    assert main(["close", PERIOD, "--client", str(shop)]) == 1
    return shop


@pytest.fixture
def open_shop(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop of one's own in which nothing was closed; the test stands in it."""
    shop = shutil.copytree(loaded, tmp_path / "shop")
    monkeypatch.chdir(shop)
    return shop


@pytest.fixture
def tried_shop(tried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop of one's own that was closed on trial; the test stands in it."""
    shop = shutil.copytree(tried, tmp_path / "shop")
    monkeypatch.chdir(shop)
    return shop


@pytest.fixture
def listed(tieout: Tieout) -> Callable[..., dict[str, dict[str, Any]]]:
    """The exceptions of the period by what they are of and where."""

    def read(*options: str) -> dict[str, dict[str, Any]]:
        found = tieout("exceptions", "list", PERIOD, "--format", "json", *options)
        assert found.code == 0
        return {
            f"{one.get('control') or one.get('reconciliation')} {one['row']['partner']}": one
            for one in found.values["exceptions"]
        }

    return read


Listed = Callable[..., dict[str, dict[str, Any]]]


def hard(tieout: Tieout, *more: str) -> Outcome:
    return tieout("close", PERIOD, "--hard", *more)


def test_a_hard_close_that_does_not_meet_its_conditions_is_refused_and_kept_as_a_trial(
    tieout: Tieout, open_shop: Path
) -> None:
    outcome = hard(tieout, "--html", "page.html")
    assert outcome.code == 1
    assert "not hard-closed: its conditions are not met; kept as trial 1, FY2026-P01 stays open" in outcome.out
    assert "  ✗ step facts-in, by controller: 1 open exception of every-report-in" in outcome.out
    assert "  ✗ step stock-tied, by controller: 2 open exceptions of siso; waits for facts-in" in outcome.out
    assert (
        "  ✗ trial close allows unresolved siso up to 150.00 USD: 160.00 is open, beside 1 row without" in outcome.out
    )
    assert "hard close needs approval by controller: signed below by hand, tieout does not check it" in outcome.out
    assert "Approved by controller" in outcome.out
    said = outcome.err.splitlines()
    assert said.pop() == "the page was written to page.html"
    assert said[0] == "error: FY2026-P01 is not hard-closed: 2 conditions are not met"
    assert "  ✗ hard close needs every step: facts-in, stock-tied are not done" in said
    assert "  ✗ hard close needs no open look-into: 2 open exceptions of siso" in said
    assert any("US01, ACME, X200: expected 4, reported 0: -4 units" in line for line in said)
    rules = (open_shop / "shop.tieout").read_text("utf-8").splitlines()
    line = rules.index("    hard close needs every step") + 1
    assert f"      shop.tieout:{line}" in said
    assert said[-1].startswith(
        "  help: correct the files and load them, or accept with a reason: `tieout exceptions acc"
    )
    assert "trial 1" in (open_shop / "page.html").read_text("utf-8")
    history = tieout("books", "history", "--format", "json").values["publications"]
    assert [(one["action"], one["subject"]) for one in history if one["action"] != "load"] == [
        ("run", "FY2026-P01 trial")
    ]
    assert tieout("journal", PERIOD).code == 0
    values = hard(tieout, "--format", "json").values
    assert (values["kind"], values["number"], values["refused"]) == ("trial", 1, True), "found the same: the same trial"
    assert values["problems"][0]["message"].startswith("FY2026-P01 is not hard-closed: 2 conditions are not met")
    assert [(one["name"], one["done"]) for one in values["conditions"]["steps"]] == [
        ("facts-in", False),
        ("stock-tied", False),
    ]


@pytest.mark.usefixtures("tried_shop")
def test_what_is_accepted_with_a_reason_lets_the_close_go_through(tieout: Tieout, listed: Listed) -> None:
    found = listed()
    assert {key: (one["state"], one["in-the-way"], one["value"]) for key, one in found.items()} == {
        "every-report-in BRAVO": ("open", True, None),
        "siso ACME": ("open", True, "-160.00"),
        "siso BRAVO": ("open", True, None),
    }
    first = found["siso ACME"]["id"]
    accepted = tieout("exceptions", "accept", PERIOD, first[:6], "--comment", "found in transit, counted in February")
    assert (accepted.code, accepted.err) == (0, "")
    assert accepted.out.splitlines()[0] == f"✓ {first}  siso US01, ACME, X200"
    assert "2 exceptions in the way of a hard close" in accepted.out
    assert list(listed("--open")) == ["every-report-in BRAVO", "siso BRAVO"]
    assert hard(tieout).code == 1
    for name in ("every-report-in", "siso"):
        assert tieout("exceptions", "accept", PERIOD, "--all-of", name, "--comment", "BRAVO reports late").code == 0
    assert listed("--open") == {}
    closed = hard(tieout)
    assert (closed.code, closed.err) == (0, "")
    assert "FY2026-P01 is hard-closed" in closed.out
    assert "found in transit, counted in" in closed.out
    assert "Next" not in closed.out
    assert tieout("books", "verify").code == 0
    states = {key: (one["state"], one["accepted"]["comment"]) for key, one in listed().items()}
    assert states["siso ACME"] == ("accepted", "found in transit, counted in February")
    late = tieout("exceptions", "accept", PERIOD, first, "--comment", "too late")
    assert (late.code, late.out) == (1, "")
    assert "FY2026-P01 is hard-closed, so nothing of it can be accepted any more" in late.err


def test_the_same_acceptance_again_is_no_change_and_says_so(tieout: Tieout, tried_shop: Path, listed: Listed) -> None:
    arguments = ("exceptions", "accept", PERIOD, "--all-of", "siso", "--comment", "seen")
    assert tieout(*arguments).code == 0
    before = stored(tried_shop)
    again = tieout(*arguments)
    assert (again.code, again.err) == (0, "")
    assert again.out.count("accepted before by ") == 2
    assert "nothing to do" in again.out
    assert stored(tried_shop) == before
    values = tieout(*arguments, "--format", "json").values
    assert (values["accepted"], len(values["accepted-before"])) == ([], 2)
    one = listed()["siso ACME"]["id"]
    both = tieout("exceptions", "accept", PERIOD, one, listed()["every-report-in BRAVO"]["id"], "--comment", "seen")
    assert (both.out.count("✓ "), both.out.count("accepted before")) == (1, 1)


def test_what_changes_after_it_was_accepted_is_open_again(tieout: Tieout, tried_shop: Path, listed: Listed) -> None:
    for name in ("every-report-in", "siso"):
        assert tieout("exceptions", "accept", PERIOD, "--all-of", name, "--comment", "seen").code == 0
    (tried_shop / "incoming" / "sales_2026-01b.csv").write_text(
        "No,Partner,Part,Units,Date\nP-9,ACME,X200,1,2026-01-30\n"
    )
    assert tieout("load", "--on", "2026-02-03").code == 0
    outcome = hard(tieout)
    assert outcome.code == 1
    assert "1 open exception of siso" in outcome.err
    assert ": expected 3, reported 0: -3 units, changed since " in outcome.err
    assert {key: one["state"] for key, one in listed().items()} == {
        "every-report-in BRAVO": "accepted", "siso ACME": "open again", "siso BRAVO": "accepted",
    }  # fmt: skip
    assert tieout("exceptions", "accept", PERIOD, "--all-of", "siso", "--comment", "one was sold").code == 0
    assert hard(tieout).code == 0


def test_a_trial_beyond_its_limit_is_published_and_says_so(tieout: Tieout, open_shop: Path) -> None:
    trial = tieout("close", PERIOD)
    assert trial.code == 1
    assert "published as trial 1, but more is unresolved than a trial close allows" in trial.out
    (open_shop / "incoming" / "counts_2026-01b.csv").write_text(COUNTS.format(left=1))
    assert tieout("load", "--on", "2026-02-03").code == 0
    within = tieout("close", PERIOD)
    assert within.code == 0
    assert "  ✓ trial close allows unresolved siso up to 150.00 USD: 120.00 is open, beside 1 row without" in within.out


def test_some_of_the_list(tieout: Tieout, tried_shop: Path, listed: Listed) -> None:
    before = stored(tried_shop)
    text = tieout("exceptions", "list", PERIOD)
    assert text.out.startswith("Exceptions of FY2026-P01, trial 1\n")
    assert max(map(len, text.out.splitlines())) <= 100
    assert text.out.splitlines()[-1] == "3 exceptions in the way of a hard close"
    assert "the first 2 of 3 shown" in tieout("exceptions", "list", PERIOD, "--limit", "2").out
    assert listed("--severity", "low") == {}
    assert len(listed("--severity", "high")) == 3
    assert stored(tried_shop) == before


REFUSALS = (
    (("list", "FY2026-P02"), "FY2026-P02 was not closed yet, so nothing is known of it"),
    (("list", "january"), "calendar `fiscal` has no period january"),
    (("accept", "FY2026-P02", "E-1", "--comment", "x"), "FY2026-P02 was not closed yet"),
    (("accept", "FY2026-P13", "E-1", "--comment", "x"), "calendar `fiscal` has no period FY2026-P13"),
    (("accept", PERIOD, "E-nothing", "--comment", "x"), "there is no exception E-nothing, nothing was written"),
    (("accept", PERIOD, "", "--comment", "x"), "an exception is named by nothing, nothing was written"),
    (("accept", PERIOD, "E-", "--comment", "x"), "E- begins the names of 3 exceptions, nothing was written"),
    (("accept", PERIOD, "--all-of", "sisso", "--comment", "x"), "there is no control or reconciliation sisso"),
    (("accept", PERIOD, "--all-of", "siso", "--comment", "  "), "the comment is empty; say why"),
)


def test_what_cannot_be_listed_or_accepted_is_said_and_nothing_is_written(tieout: Tieout, tried_shop: Path) -> None:
    before = stored(tried_shop)
    for arguments, sentence in REFUSALS:
        outcome = tieout("exceptions", *arguments)
        assert (outcome.code, outcome.out) == (1, "")
        assert sentence in outcome.err
    assert stored(tried_shop) == before


@pytest.mark.usefixtures("shop")
def test_accepting_needs_a_comment_and_something_to_accept(tieout: Tieout) -> None:
    assert tieout("exceptions", "accept", PERIOD, "E-1").code == 2
    assert tieout("exceptions", "accept", PERIOD, "--comment", "x").code == 2
    assert tieout("exceptions", "accept", PERIOD, "E-1", "--all-of", "siso", "--comment", "x").code == 2


@pytest.mark.usefixtures("tried_shop")
def test_a_hard_close_before_the_former_period_is_closed_is_refused_before_anything_runs(tieout: Tieout) -> None:
    outcome = tieout("close", "FY2026-P02", "--hard")
    assert (outcome.code, outcome.out) == (1, "")
    assert "FY2026-P01 is not hard-closed; close it before FY2026-P02" in outcome.err
