from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from adapters.books.chain import ruleset_hash
from adapters.books.changes import Changes
from adapters.books.entries import ControlTotal, NewLoad, NewRun, Period, PeriodState, RunKind
from adapters.books.errors import BooksError, PeriodClosed, PeriodOutOfOrder, UnknownPeriod
from adapters.books.store import Books
from dsl.diagnostics import InternalError
from tests.adapters.books.publishing import (
    CALENDAR,
    MONTHS,
    TEXTS,
    content_hash,
    publish_acceptance,
    publish_load,
    publish_run,
    register_months,
)

LOAD = NewLoad("a.csv", content_hash("a.csv"), "feed", 10, 3, 2, 1)


def _apply(books: Books, changes: Callable[[Changes], object]) -> None:
    with books.publication("changes") as publication:
        publication.commit(changes)


def test_the_same_content_is_not_loaded_twice_by_one_feed(books: Books) -> None:
    _apply(books, lambda changes: changes.add_load(LOAD))
    again = replace(LOAD, file_name="renamed.csv")
    with pytest.raises(BooksError, match=r"renamed\.csv was loaded before, as a\.csv at 2026-04-01"):
        _apply(books, lambda changes: changes.add_load(again))
    _apply(books, lambda changes: changes.add_load(replace(again, feed="other feed")))
    assert [(load.id, load.feed, load.seq) for load in books.loads()] == [(1, "feed", 1), (2, "other feed", 2)]


def test_rows_and_control_totals_of_a_load_must_add_up(books: Books) -> None:
    with pytest.raises(InternalError, match="received is not accepted plus quarantined"):
        _apply(books, lambda changes: changes.add_load(replace(LOAD, accepted=3)))
    short = ControlTotal("amount", Decimal("10.00"), Decimal("7.00"), Decimal("2.99"))
    with pytest.raises(InternalError, match="amount received is not accepted plus quarantined"):
        _apply(books, lambda changes: changes.add_load(replace(LOAD, control_totals=(short,))))
    with pytest.raises(InternalError, match="not a number"):
        _apply(
            books,
            lambda changes: changes.add_load(
                replace(LOAD, control_totals=(replace(short, accepted=Decimal("NaN"), received=None),))
            ),
        )
    assert books.loads() == ()


def test_control_totals_keep_their_digits_and_their_unknowns(books: Books) -> None:
    totals = (
        ControlTotal("amount", None, Decimal("12345678901234567890.10"), None, Decimal("1E+3")),
        ControlTotal("quantity", Decimal("-3"), Decimal("-2"), Decimal("-1")),
    )
    _apply(books, lambda changes: changes.add_load(replace(LOAD, control_totals=totals)))
    [load] = books.loads()
    assert load.control_totals == totals
    assert str(load.control_totals[0].accepted) == "12345678901234567890.10"
    assert str(load.control_totals[0].declared) == "1000"


def test_periods_are_registered_once(books: Books) -> None:
    register_months(books)
    register_months(books)
    assert tuple(status.period for status in books.periods(CALENDAR)) == MONTHS
    assert all(status.state is PeriodState.OPEN for status in books.periods(CALENDAR))


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        (replace(MONTHS[1], end=date(2026, 2, 27)), "2026-02 is registered from 2026-02-01 to 2026-02-28"),
        (Period(CALENDAR, "winter", date(2026, 2, 28), date(2026, 4, 1)), "winter overlaps 2026-02"),
        (Period(CALENDAR, "2025-12", date(2025, 12, 1), date(2025, 12, 31)), "2025-12 lies before 2026-01"),
    ],
)
def test_periods_that_contradict_the_books_are_refused(
    books: Books, connection: duckdb.DuckDBPyConnection, period: Period, sentence: str
) -> None:
    register_months(books)
    publish_run(books, connection, "2026-01", RunKind.HARD)
    with pytest.raises(PeriodOutOfOrder, match=sentence):
        _apply(books, lambda changes: changes.add_periods([period]))


def test_a_hard_closed_period_refuses_every_further_run(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    register_months(books)
    publish_run(books, connection, "2026-01", RunKind.TRIAL)
    publish_run(books, connection, "2026-01", RunKind.HARD)
    status = books.period(CALENDAR, "2026-01")
    assert (status.state, status.epoch, status.run) == (PeriodState.HARD_CLOSED, 1, 3)
    for kind in RunKind:
        with pytest.raises(PeriodClosed, match="2026-01 was hard-closed by run 3 and does not change any more"):
            publish_run(books, connection, "2026-01", kind)
    assert len(books.runs(CALENDAR)) == 2
    assert books.verify() == []


def test_periods_close_in_order_and_without_a_gap(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    register_months(books)
    with pytest.raises(PeriodOutOfOrder, match="2026-01 is not hard-closed; close it before 2026-02"):
        publish_run(books, connection, "2026-02", RunKind.HARD)
    publish_run(books, connection, "2026-02", RunKind.TRIAL)
    publish_run(books, connection, "2026-01", RunKind.HARD)
    publish_run(books, connection, "2026-02", RunKind.HARD)
    may = Period(CALENDAR, "2026-05", date(2026, 5, 1), date(2026, 5, 31))
    publish_run(books, connection, "2026-03", RunKind.HARD)
    _apply(books, lambda changes: changes.add_periods([may]))
    with pytest.raises(PeriodOutOfOrder, match="ends on 2026-03-31; close the period between them first"):
        publish_run(books, connection, "2026-05", RunKind.HARD)


def test_a_period_that_is_not_there_cannot_be_run(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UnknownPeriod, match=r"no period 2026-01 in calendar fiscal \(known: none\)"):
        publish_run(books, connection, "2026-01", RunKind.TRIAL)


def test_a_hard_close_and_its_state_are_one(books: Books) -> None:
    register_months(books)

    def close_and_fail(changes: Changes) -> None:
        ruleset = changes.add_ruleset("client", "7", TEXTS)
        changes.add_run(NewRun(CALENDAR, "2026-01", RunKind.HARD, ruleset, ()))
        raise KeyError("a crash")

    with pytest.raises(KeyError):
        _apply(books, close_and_fail)
    assert books.runs(CALENDAR) == ()
    assert books.period(CALENDAR, "2026-01").state is PeriodState.OPEN


def test_the_manifest_names_everything_a_run_stands_on(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    publish_load(books, connection, "a.csv")
    register_months(books)
    head = books.ledger.head()
    publish_run(books, connection, "2026-01", RunKind.TRIAL)
    run = books.latest_trial(CALENDAR, "2026-01")
    assert run is not None
    [fact], journal = books.fact_entries("pos"), books.run_entries(run)["journal"]
    assert json.loads(run.manifest) == {
        "calendar": CALENDAR,
        "period": "2026-01",
        "kind": "trial",
        "number": 1,
        "ruleset": {"name": "client", "version": "7", "hash": ruleset_hash(TEXTS)},
        "inputs": {fact.path: fact.sha256},
        "outputs": {"journal": {"path": "runs/00000003/journal.parquet", "rows": 2, "sha256": journal.sha256}},
        "details": {"duckdb": "2.0.0"},
        "head": {"seq": head.seq, "hash": head.hash},
    }
    assert (run.ruleset_name, run.ruleset_version, run.ruleset_hash) == ("client", "7", ruleset_hash(TEXTS))


def test_a_run_stands_on_known_files_a_known_ruleset_and_exact_figures(books: Books) -> None:
    register_months(books)
    run = NewRun(CALENDAR, "2026-01", RunKind.TRIAL, ruleset_hash(TEXTS), ())
    with pytest.raises(InternalError, match="ruleset was not added"):
        _apply(books, lambda changes: changes.add_run(run))

    def add(changes: Changes, run: NewRun) -> None:
        changes.add_ruleset("client", "7", TEXTS)
        changes.add_run(run)

    with pytest.raises(InternalError, match=r"do not name: facts/1/pos\.parquet"):
        _apply(books, lambda changes: add(changes, replace(run, inputs=("facts/1/pos.parquet",))))
    inexact = {"rate": [{"a": 0.5}]}
    with pytest.raises(InternalError, match="floating-point"):
        _apply(books, lambda changes: add(changes, replace(run, details=inexact)))  # type: ignore[arg-type]
    assert books.runs(CALENDAR) == ()


def test_a_closed_period_keeps_the_texts_it_ran_with(books: Books) -> None:
    hashes: list[str] = []

    def add(texts: dict[str, str]) -> None:
        _apply(books, lambda changes: hashes.append(changes.add_ruleset("client", "7", texts)))

    add(TEXTS)
    add(dict(reversed(TEXTS.items())))
    add({**TEXTS, "client.tieout": "ruleset client  \n"})
    assert hashes[0] == hashes[1] != hashes[2]
    assert books.ruleset_texts(hashes[0]) == TEXTS
    assert books.ruleset_texts(hashes[2])["client.tieout"] == "ruleset client  \n"
    assert books.ruleset_texts("0" * 64) == {}
    with pytest.raises(InternalError, match="no text"):
        add({})


def test_acceptances_say_who_when_why_and_of_what(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    register_months(books)
    publish_run(books, connection, "2026-01", RunKind.TRIAL)
    publish_acceptance(books, "2026-01", "siso", "oversell")
    publish_acceptance(books, "2026-01", "siso", comment="counted once more")
    found = books.ledger.acceptances(CALENDAR, "2026-01")
    assert [(one.name, one.comment) for one in found] == [
        ("oversell", "counted again"), ("siso", "counted again"), ("siso", "counted once more"),
    ]  # fmt: skip
    assert {(one.by, one.at[:10], one.run, one.row) for one in found} == {
        ("preparer", "2026-04-01", 2, '[["part","X"]]')
    }
    assert found[1].digest == content_hash("siso")
    assert books.ledger.acceptances(CALENDAR, "2026-02") == ()


def test_nothing_of_a_hard_closed_period_is_accepted(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    register_months(books)
    publish_run(books, connection, "2026-01", RunKind.HARD)
    with pytest.raises(PeriodClosed, match="2026-01 is hard-closed, so nothing of it can be accepted any more"):
        publish_acceptance(books, "2026-01", "siso")
    assert books.ledger.acceptances(CALENDAR, "2026-01") == ()


def test_an_acceptance_without_a_reason_is_not_recorded(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    register_months(books)
    publish_run(books, connection, "2026-01", RunKind.TRIAL)
    with pytest.raises(InternalError, match="CHECK"):
        publish_acceptance(books, "2026-01", "siso", comment=" ")
    assert books.ledger.acceptances(CALENDAR, "2026-01") == ()
