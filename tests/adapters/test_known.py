"""What the books knew on a day about a period stays what it was, whatever came later."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapters.books.entries import PeriodState
from adapters.books.errors import BooksError
from adapters.closing.close import close_period
from adapters.closing.known import known_on
from adapters.ruleset_files import read_texts
from engine.model.ruleset import Ruleset
from engine.run.results import AccountLine
from tests.support.governed_shop import ONE_THREAD, governed_shop
from tests.support.shop_client import JANUARY, SALES_HEAD

PERIOD = "FY2026-P01"


def _restored(texts: object) -> Ruleset:
    ruleset, _ = read_texts(texts)  # type: ignore[arg-type]
    assert ruleset is not None
    return ruleset


def test_a_day_in_the_past_shows_what_was_known_then(tmp_path: Path) -> None:
    shop = governed_shop(tmp_path / "shop")
    begun = shop.now.date()
    shop.now += timedelta(days=1)
    shop.deliver("jonas", JANUARY)
    with shop.acting("jonas") as books:
        trial = close_period(books, shop.ruleset, PERIOD, resources=ONE_THREAD).result.journal
    known_then = shop.now.date()
    shop.now += timedelta(days=3)
    shop.deliver("jonas", {"sales_2.csv": SALES_HEAD + "P-9,ACME,X100,2,2026-01-25\n"})
    with shop.acting("jonas") as books:
        later = close_period(books, shop.ruleset, PERIOD, resources=ONE_THREAD).result.journal
    assert _revenue(trial) != _revenue(later)
    with shop.acting("ana", write=False) as books:
        with pytest.raises(BooksError, match="nothing was loaded into these books by"):
            known_on(books, shop.ruleset, PERIOD, begun, _restored, ONE_THREAD)
        then = known_on(books, shop.ruleset, PERIOD, known_then, _restored, ONE_THREAD)
        now = known_on(books, shop.ruleset, PERIOD, date(2026, 12, 31), _restored, ONE_THREAD)
        assert books.ledger.state_of_period("fiscal", PERIOD, then.publication) is PeriodState.TRIAL
        ran = {json.loads(run.manifest)["details"]["sql"] for run in books.runs("fiscal", PERIOD)}
    assert [len(one) for one in ran] == [64], "the same rules ran the same SQL, over other facts"
    assert (then.result.journal, now.result.journal) == (trial, later)
    assert (then.state, then.run is not None and then.run.number, len(then.files)) == (PeriodState.TRIAL, 1, 4)
    assert (now.run is not None and now.run.number, len(now.files)) == (2, 5)


def _revenue(journal: tuple[AccountLine, ...]) -> str:
    return next(str(line.credit) for line in journal if line.account == "4010")
