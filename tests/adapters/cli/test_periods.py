from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from adapters.cli import periods
from adapters.closing.close import Closed
from tests.support.closings import FAILED
from tests.support.commands import Tieout
from tests.support.shop_client import JANUARY, SALES, SALES_HEAD, make_shop


def bytes_of(folder: Path) -> dict[str, str]:
    """Every published file and the ledger's content, by path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture
def loaded(tieout: Tieout, shop: Path) -> Path:
    """The shop with January loaded."""
    assert tieout("load", "--on", "2026-02-02").code == 0
    return shop


def test_a_trial_a_hard_close_and_what_it_forbids(tieout: Tieout, loaded: Path) -> None:
    trial = tieout("close", "FY2026-P01")
    assert (trial.code, trial.err) == (0, "")
    lines = trial.out.splitlines()
    assert lines[0].startswith("FY2026-P01  2026-01-01 to 2026-01-31   trial 1   ruleset shop 1 (")
    assert "  1210 Trade receivables     809.00" in lines
    assert "  total                    1,037.00    1,037.00" in lines
    assert any(line.startswith("published as trial 1; FY2026-P01 stays open") for line in lines)
    assert max(map(len, lines)) <= 100

    hard = tieout("close", "FY2026-P01", "--hard", "--html", "P01.html", "--format", "json")
    assert hard.code == 0
    assert (hard.values["kind"], hard.values["number"], hard.values["published"]) == ("hard close", 1, True)
    assert [one["name"] for one in hard.values["files"]] == sorted(JANUARY, key=list(JANUARY).index) or hard.values
    page = (loaded / "P01.html").read_text("utf-8")
    assert "hard close 1" in page
    assert "deferred-income" in page
    before = bytes_of(loaded / "books")

    for arguments in (("close", "FY2026-P01"), ("close", "FY2026-P01", "--hard")):
        again = tieout(*arguments)
        assert (again.code, again.out) == (1, "")
        assert "FY2026-P01 is hard-closed; what changes it posts in FY2026-P02" in again.err
    assert bytes_of(loaded / "books") == before
    assert tieout("books", "verify").out == "✓ every file and every row is as it was published\n"

    (loaded / "incoming" / "sales_2026-02.csv").write_text(f"{SALES_HEAD}P-3,ACME,X100,1,2026-01-22\n", "utf-8")
    assert tieout("load").code == 0
    second = tieout("close", "FY2026-P02")
    assert second.code == 0
    assert "journal lines for facts of earlier, hard-closed periods, posted in FY2026-P02" in second.out
    assert "sales_2026-02.csv" in second.out
    assert "sales_2026-01.csv" not in second.out


def test_the_journal_line_by_line(tieout: Tieout, loaded: Path) -> None:
    before = tieout("journal", "FY2026-P01")
    assert (before.code, before.out) == (1, "")
    assert "FY2026-P01 was not closed yet" in before.err
    assert "`tieout journal FY2026-P01`" in tieout("close", "FY2026-P01").out
    listed = tieout("journal", "FY2026-P01")
    assert listed.code == 0
    assert "Journal of FY2026-P01, trial 1" in listed.out
    assert "  JL-FY2026-P01-000001  1210 Trade receivables  ACME     X100  defer      250.00" in listed.out
    assert listed.out.splitlines()[-1].split() == ["total", "1,037.00", "1,037.00"]
    some = tieout("journal", "FY2026-P01", "--account", "4010", "--partner", "ACME", "--format", "json").values
    assert [(one["account"], one["partner"], one["amount"]) for one in some["lines"]] == [
        ("4010", "ACME", "75.00"),
        ("4010", "ACME", "100.00"),
    ]
    assert "12 lines, the first 2 shown" in tieout("journal", "FY2026-P01", "--limit", "2").out
    assert "no lines" in tieout("journal", "FY2026-P01", "--journal", "nothing").out
    assert (loaded / "books" / "runs" / "00000002").is_dir()


def test_a_failed_tie_out_is_a_problem_and_publishes_nothing(
    tieout: Tieout, loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> Closed:
        return Closed(FAILED.result, FAILED.conditions, None)

    monkeypatch.setattr(periods, "close_period", refused)
    outcome = tieout("close", "FY2026-P01", "--hard", "--html", "page.html")
    assert outcome.code == 1
    assert "✗ debits = credits: entry sell-through of ACME has 100.00 USD debit" in outcome.out
    assert "not published: 1 tie-out failed; the books are as they were" in outcome.out
    assert not (loaded / "page.html").exists()
    assert tieout("close", "FY2026-P01", "--format", "json").values["published"] is False


def test_a_line_leads_to_its_rule_and_row_and_a_row_to_what_became_of_it(tieout: Tieout, loaded: Path) -> None:
    assert tieout("close", "FY2026-P01").code == 0
    line = tieout("explain", "JL-FY2026-P01-000008")
    assert (line.code, line.err) == (0, "")
    assert line.out.startswith("JL-FY2026-P01-000008  credit 4010 Product revenue  75.00 USD")
    assert "shop.tieout:62" in line.out
    assert "sales_2026-01.csv row 2  P-1,ACME,X100,3,2026-01-20" in line.out
    assert max(map(len, line.out.splitlines())) <= 100
    posted = tieout("explain", "--not", "sales_2026-01.csv:2")
    assert "JL-FY2026-P01-000008  credit 4010 Product revenue" in posted.out
    silent = tieout("explain", "--not", "counts_2026-01.csv:2", "--format", "json")
    assert (silent.code, silent.values["facts"][0]["lines"]) == (0, [])
    for wrong in (("JL-FY2026-P01-999999",), ("JL-x",), ("--not", "sales_2026-01.csv:99"), ("--not", "nothing")):
        outcome = tieout("explain", *wrong)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("error: ")
    assert tieout("explain").code == 2
    assert [path.name for path in (loaded / "books" / "runs").iterdir()] == ["00000002"]


@pytest.mark.parametrize("period", ["FY2026-P13", "january", "FY2026-P1", ""])
def test_an_unknown_period(tieout: Tieout, loaded: Path, period: str) -> None:
    before = bytes_of(loaded / "books")
    outcome = tieout("close", period)
    assert (outcome.code, outcome.out) == (1, "")
    assert f"calendar `fiscal` has no period {period}" in outcome.err
    assert bytes_of(loaded / "books") == before


def test_a_close_without_books(tieout: Tieout, shop: Path) -> None:
    outcome = tieout("close", "FY2026-P01")
    assert outcome.code == 1
    assert "there are no books in " in outcome.err
    assert "load a file to begin them" in outcome.err
    assert not (shop / "books").exists()


def test_units_sold_beyond_stock_stop_the_close_and_nothing_is_published(
    tieout: Tieout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop", {**JANUARY, "sales_2026-01.csv": f"{SALES}P-3,BRAVO,X100,50,2026-01-25\n"})
    monkeypatch.chdir(shop)
    assert tieout("load").code == 0
    before = bytes_of(shop / "books")
    outcome = tieout("close", "FY2026-P01")
    assert (outcome.code, outcome.out) == (1, "")
    assert "[T421] more units leave than are held" in outcome.err
    assert bytes_of(shop / "books") == before


def test_the_page_goes_nowhere_before_the_close(tieout: Tieout, loaded: Path) -> None:
    outcome = tieout("close", "FY2026-P01", "--html", "no/such/page.html")
    assert outcome.code == 1
    assert "there is no folder no/such" in outcome.err
    assert not (loaded / "books" / "runs" / "00000002").exists()


def test_corrupted_books_are_named_and_never_written(tieout: Tieout, loaded: Path) -> None:
    path = next((loaded / "books" / "facts").rglob("sale.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)
    verified = tieout("books", "verify")
    assert verified.code == 1
    assert "sale.parquet was changed; restore it from a backup" in verified.out
    path.write_bytes(bytes(content[:-1]))
    for command in (("close", "FY2026-P01"), ("load",), ("reconcile", "--as-of", "2026-01-31")):
        outcome = tieout(*command)
        assert (outcome.code, outcome.out) == (1, "")
        assert "sale.parquet has " in outcome.err
        assert "restore it from a backup" in outcome.err
    ledger = loaded / "books" / "ledger.sqlite"
    ledger.write_bytes(b"not a database at all" * 1000)
    for command in (("close", "FY2026-P01"), ("books", "history"), ("quarantine", "list")):
        outcome = tieout(*command)
        assert outcome.code == 1
        assert "restore" in outcome.err
    assert not (loaded / "books" / "runs" / "00000002").exists()


def test_the_roll_forward_of_any_day(tieout: Tieout, loaded: Path) -> None:
    early = tieout("reconcile", "--as-of", "2026-01-20", "--format", "json").values
    assert [(one["name"], one["expected"]) for one in early["stock"]] == [("ACME", "11.000"), ("BRAVO", "6.000")]
    late = tieout("reconcile", "--as-of", "2026-01-31")
    assert late.code == 0
    assert late.out.startswith("Roll-forward as at 2026-01-31   FY2026-P01 from 2026-01-01   ruleset shop 1 (")
    assert "nothing was posted or published" in late.out
    assert not list((loaded / "books" / "runs").iterdir())
    assert tieout("reconcile").code == 2


@pytest.mark.usefixtures("shop")
def test_the_sql_of_a_relation_names_its_rule(tieout: Tieout) -> None:
    outcome = tieout("sql", "earn", "--period", "FY2026-P02")
    assert outcome.code == 0
    assert outcome.out.startswith("-- entry earn: one row per ")
    assert "-- journal earn  shop.tieout:62:9\nSELECT" in outcome.out
    listed = tieout("sql", "--format", "json").values["relations"]
    assert {"siso", "entry earn", "ledger line"} <= {one["name"] for one in listed}
    near = tieout("sql", "ern")
    assert (near.code, near.out) == (1, "")
    assert "no relation is called `ern`" in near.err
    assert "earn" in near.err.partition("help: ")[2]
    assert "has no period P7" in tieout("sql", "earn", "--period", "P7").err


@pytest.mark.usefixtures("shop")
def test_a_day_that_is_none_is_wrong_usage_and_shows_how_one_is_written(tieout: Tieout) -> None:
    outcome = tieout("reconcile", "--as-of", "31.01.2026")
    assert outcome.code == 2
    assert "`31.01.2026` is no day; write one like 2026-01-31" in outcome.err
