"""Exceptions looked into, given to somebody, talked about and resolved, each command as a user types it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.books.store import open_books
from adapters.cli.main import main
from adapters.cli.material import require_material
from adapters.closing.quarantined import rows_in_quarantine
from adapters.closing.raised import reader_of
from adapters.closing.worklist import works_of
from engine.run.close import close_calendar
from tests.adapters.cli.test_exceptions import COUNTS, stored
from tests.support.commands import Outcome, Tieout
from tests.support.shop_client import JANUARY, RULESET, SALES_HEAD, make_shop

PERIOD = "FY2026-P01"
FORMER = "    hard close needs every step\n"
BAD = SALES_HEAD + "P-7,ACME,X100,two,2026-01-22\nP-8,ACME,X100,six,2026-01-23\nP-9,ACME,X100,1,2026-13-23\n"
"""Two quantities that are no numbers, and a day that is none: two reasons, so two exceptions."""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with 160 USD of X200 missing at ACME, no report of BRAVO, and three sales in quarantine; on trial."""
    files = {**JANUARY, "counts_2026-01.csv": COUNTS.format(left=0), "sales_2026-01b.csv": BAD}
    shop = make_shop(tmp_path_factory.mktemp("tried") / "shop", files)
    rules = RULESET.replace(FORMER, f"{FORMER}    hard close needs no open quarantine\n")
    (shop / "shop.tieout").write_text(rules, "utf-8")
    assert main(["load", "--client", str(shop), "--on", "2026-02-02"]) == 1
    assert main(["close", PERIOD, "--client", str(shop)]) == 0
    return shop


@pytest.fixture
def shop(tried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of one's own; the test stands in it."""
    folder = shutil.copytree(tried, tmp_path / "shop")
    monkeypatch.chdir(folder)
    return folder


Listed = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def listed(tieout: Tieout) -> Listed:
    """The exceptions of the period by what they are of and where."""

    def read(*options: str) -> dict[str, dict[str, Any]]:
        found = tieout("exceptions", "list", PERIOD, "--format", "json", *options)
        assert found.code == 0, found.err
        return {
            f"{one[one['of']]} {one['row'].get('partner') or one['row']['reason']}": one
            for one in found.values["exceptions"]
        }

    return read


def refused(tieout: Tieout, *arguments: str) -> str:
    """What a command that is refused says."""
    outcome = tieout("exceptions", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    return outcome.err


NUMBERS, DAYS = "rows in quarantine quantity not a number", "rows in quarantine sale-date not in YYYY-MM-DD"


@pytest.mark.usefixtures("shop")
def test_the_list_is_sorted_and_any_part_of_it_can_be_asked_for(tieout: Tieout, listed: Listed) -> None:
    every = listed()
    assert list(every) == ["every-report-in BRAVO", NUMBERS, DAYS, "siso ACME", "siso BRAVO"]
    assert [(one["in-the-way"], one["severity"], one["value"]) for one in every.values()] == [
        (True, "high", None), (True, "medium", None), (True, "medium", None), (False, "high", "-160.00"),
        (False, "high", None),
    ]  # fmt: skip
    assert every[NUMBERS]["sentence"] == "2 rows wait in quarantine, the first is line 2"
    assert (every["siso ACME"]["since"], every["siso ACME"]["age"]) == ("2026-01-31", 0)
    parts = {
        ("--of", "quarantine"): [NUMBERS, DAYS],
        ("--of", "oversell"): [],
        ("--severity", "medium", "--open"): [NUMBERS, DAYS],
        ("--owner", "controller", "--of", "control"): ["every-report-in BRAVO"],
        ("--over", "159.99"): ["siso ACME"],
        ("--over", "160"): [],
        ("--older-than", "0"): [],
        ("--state", "accepted"): [],
        ("--assigned", "anna"): [],
    }
    assert {options: list(listed(*options)) for options in parts} == parts
    assert tieout("exceptions", "list", PERIOD, "--over", "much").code == 2
    assert tieout("exceptions", "list", PERIOD, "--of", "rows").code == 2


def test_what_is_said_and_who_looks_into_it_is_kept_and_shown_with_all_that_is_known(
    tieout: Tieout, shop: Path, listed: Listed
) -> None:
    key = listed()["siso ACME"]["id"]
    given = tieout("exceptions", "assign", PERIOD, key[:7], "anna")
    assert (given.code, given.out) == (0, f"✓ {key}  siso US01, ACME, X200 is with anna\n")
    said = ("exceptions", "comment", PERIOD, key, "--comment", "ACME counts again on Monday")
    assert tieout(*said).code == 0
    before = stored(shop)
    again = [tieout("exceptions", "assign", PERIOD, key, "anna"), tieout(*said)]
    assert [(one.code, one.out.rpartition(", ")[2]) for one in again] == [(0, "nothing to do\n")] * 2
    assert stored(shop) == before
    assert listed("--assigned", "anna", "--state", "assigned")["siso ACME"]["comments"][0]["comment"] == said[-1]
    shown = tieout("exceptions", "show", PERIOD, key, "--format", "json").values
    assert {name: shown["figures"][name] for name in ("expected", "reported", "variance", "treatment")} == {
        "expected": "4", "reported": "0", "variance": "-4", "treatment": "look-into",
    }  # fmt: skip
    assert [(one["file"], one["row"], one["text"]) for one in shown["rows"]] == [
        ("shipments_2026-01.csv", 3, "S-2,ACME,X200,4,100.00,2026-01-06"),
        ("counts_2026-01.csv", 3, "ACME,X200,0,2026-01-31"),
    ]
    assert [one["what"] for one in shown["events"]] == [
        "trial 1 raises it: expected 4, reported 0: -4 units",
        "assigned it to anna",
        "said: ACME counts again on Monday",
    ]
    line = (shop / "shop.tieout").read_text("utf-8").split("reconciliation siso")[0].count("\n") + 1
    page = tieout("exceptions", "show", PERIOD, key)
    assert page.code == 0
    assert f"shop.tieout:{line}" in page.out
    assert "assigned, with anna   trial 1 of FY2026-P01" in page.out
    assert f"`tieout exceptions accept {PERIOD} {key} --comment TEXT`" in page.out
    assert stored(shop) == before


def test_an_exception_is_resolved_by_the_file_that_did_away_with_it_and_by_no_other(
    tieout: Tieout, shop: Path, listed: Listed
) -> None:
    key = listed()["siso ACME"]["id"]
    by = ("resolve", PERIOD, key, "--by-file")
    assert "no file called counts.csv was loaded" in refused(tieout, *by, "counts.csv")
    assert "was loaded before trial 1 first raised" in refused(tieout, *by, "counts_2026-01.csv")
    load(tieout, shop, "counts_2026-01b.csv", COUNTS.format(left=3))
    assert "run `tieout close FY2026-P01` to see" in refused(tieout, *by, "counts_2026-01b.csv")
    assert tieout("close", PERIOD).code == 0
    assert "siso ACME" not in listed()
    other = listed()["siso BRAVO"]["id"]
    still = refused(tieout, "resolve", PERIOD, other, "--by-file", "counts_2026-01b.csv")
    assert f"trial 2 read counts_2026-01b.csv and still raises {other}: expected 4 units, no report" in still
    assert listed("--state", "raised no more")["siso ACME"]["id"] == key
    assert "is raised no more by trial 2" in refused(tieout, "accept", PERIOD, key, "--comment", "x")
    settle = ("exceptions", *by, "incoming/counts_2026-01b.csv", "--comment", "counted again")
    done = tieout(*settle)
    assert (done.code, done.err) == (0, "")
    before = stored(shop)
    assert "already, nothing to do" in tieout(*settle).out
    assert stored(shop) == before
    found = listed("--state", "resolved by file")["siso ACME"]
    assert (found["resolved"]["reference"], found["resolved"]["comment"]) == ("counts_2026-01b.csv", "counted again")
    assert [one["what"] for one in tieout("exceptions", "show", PERIOD, key, "--format", "json").values["events"]] == [
        "trial 1 raises it: expected 4, reported 0: -4 units",
        "trial 2 raises it no more",
        "resolved it by file counts_2026-01b.csv: counted again",
    ]
    assert tieout("books", "verify").code == 0


def test_rows_in_quarantine_wait_until_they_are_settled_and_grow_old(
    tieout: Tieout, shop: Path, listed: Listed
) -> None:
    numbers, days = listed()[NUMBERS]["id"], listed()[DAYS]["id"]
    by = ("resolve", PERIOD, numbers, "--by-file")
    assert "is no later file of feed sales" in refused(tieout, *by, "sales_2026-01b.csv")
    load(tieout, shop, "counts_2026-01b.csv", COUNTS.format(left=3))
    assert "is no later file of feed sales" in refused(tieout, *by, "counts_2026-01b.csv")
    load(tieout, shop, "sales_2026-01c.csv", SALES_HEAD + "P-7,ACME,X100,2,2026-01-22\nP-8,ACME,X100,6,2026-01-23\n")
    assert tieout("exceptions", *by, "sales_2026-01c.csv").code == 0
    assert tieout("exceptions", "accept", PERIOD, "--all-of", "quarantine", "--comment", "asked").code == 0
    states = {key: one["state"] for key, one in listed("--of", "quarantine").items()}
    assert states == {NUMBERS: "resolved by file", DAYS: "accepted"}
    assert [one["in-the-way"] for one in listed("--of", "quarantine").values()] == [False, False]
    assert "is accepted already" in refused(tieout, "resolve", PERIOD, days, "--by-file", "sales_2026-01c.csv")
    # What was settled in January is no exception of February; what was not is one still, and older.
    material = require_material(shop)
    with open_books(shop / "books", write=False) as books, reader_of(books) as executor:
        calendar = close_calendar(material.ruleset)
        february, march = calendar.period("FY2027-P02"), calendar.period("FY2027-P03")
        assert february is not None
        assert march is not None
        assert rows_in_quarantine(books, material.ruleset, calendar, february) == []
        loaded = date.fromisoformat(books.loads()[-1].loaded_at[:10])
        raised = rows_in_quarantine(books, material.ruleset, calendar, calendar.period_of(date(2025, 1, 1)))
        assert [one.id for one in raised] == [numbers, days]
        works = works_of(books, material.ruleset, march, raised, executor)
        assert {(one.since, one.age) for one in works.values()} == {(loaded, max(0, (march.end - loaded).days))}


@pytest.mark.usefixtures("shop")
def test_what_cannot_be_done_to_an_exception_is_said(tieout: Tieout, listed: Listed) -> None:
    key = listed()["siso ACME"]["id"]
    assert "there is no override O-1" in refused(tieout, "resolve", PERIOD, key, "--by-override", "O-1")
    assert "the comment is empty" in refused(tieout, "comment", PERIOD, key, "--comment", " ")
    assert "there is no exception E-nothing" in refused(tieout, "show", PERIOD, "E-nothing")
    assert "names nobody" in refused(tieout, "assign", PERIOD, key, "Anna B")
    assert "FY2026-P02 was not closed yet" in refused(tieout, "assign", "FY2026-P02", key, "anna")
    assert tieout("exceptions", "resolve", PERIOD, key).code == 2
    assert tieout("exceptions", "resolve", PERIOD, key, "--by-file", "a", "--by-override", "b").code == 2


def load(tieout: Tieout, shop: Path, name: str, text: str) -> Outcome:
    (shop / "incoming" / name).write_text(text, "utf-8")
    outcome = tieout("load", "--on", "2026-02-03")
    assert outcome.code == 0, outcome.err
    return outcome
