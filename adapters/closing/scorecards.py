"""Scorecards read from the runs in the books: nothing is run again, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from adapters.books.entries import Run
from adapters.books.errors import BooksError, UnknownPeriod
from adapters.books.store import Books
from adapters.closing.inputs import attach_files
from adapters.closing.running import file_name
from adapters.closing.worklist import worklist_of
from adapters.duckdb_executor import DuckDBExecutor
from adapters.report.scorecard_page import Cards, Measure, Scorecard
from engine.model.ruleset import Report, Ruleset
from engine.plan.relation import column, table
from engine.run.close import close_calendar
from engine.run.conditions import Standing

ENDING = "scorecard"
"""A report whose name ends so is shown where none is named; an overlay's comes after its base's, and is preferred."""

PARTNER, PERIOD = "partner", "period"
REPORT = "report"


def report_of(ruleset: Ruleset, name: str | None) -> Report:
    """The report asked for, else the last whose name ends in `scorecard`; BooksError where it is no scorecard."""
    cards = {one.name: one for one in ruleset.reports.values() if is_scorecard(one)}
    known = (
        f"name one of {', '.join(cards)}" if cards else "write one: `report partner-scorecard for each partner, period`"
    )
    if name is not None and name not in cards:
        what = (
            "shows no figures for each partner and period" if name in ruleset.reports else "is no report of these rules"
        )
        raise BooksError(f"`{name}` {what}; {known}")
    called = [one for one in cards if one.endswith(ENDING)]
    if name is None and not called:
        raise BooksError(f"the rules have no report called `...{ENDING}`; {known}")
    return cards[name if name is not None else called[-1]]


def is_scorecard(report: Report) -> bool:
    """Whether a report shows figures for each partner and period, and whatever else beside."""
    keys = {key.name for key in report.grain.keys}
    return report.grain.form == "keys" and {PARTNER, PERIOD} <= keys and bool(report.shows)


def scorecard(
    books: Books, ruleset: Ruleset, report: Report, period: str | None = None, partner: str | None = None
) -> Scorecard:
    """The report of every period closed up to one, by default the last, each as its last run left it.

    UnknownPeriod for a period that the calendar does not have; BooksError where it was not closed, was closed by rules
    without the report, or has no card of the partner.
    """
    calendar = close_calendar(ruleset)
    if period is not None and calendar.period(period) is None:
        raise UnknownPeriod(f"calendar `{calendar.name}` has no period {period}; periods are called like FY2026-P01")
    statuses = sorted(books.periods(calendar.name), key=lambda one: one.period.start)
    runs = [found[-1] for one in statuses if (found := books.runs(calendar.name, one.period.name))]
    if period is not None:
        names = [one.period for one in runs]
        if period not in names:
            raise BooksError(f"{period} was not closed yet, so nobody has a card; run `tieout close {period}`")
        runs = runs[: names.index(period) + 1]
    if not runs:
        raise BooksError("no period was closed yet, so nobody has a card; run `tieout close PERIOD`")
    measures = tuple(Measure(name, value.type.family) for name, value in report.shows)
    keys = tuple(key.name for key in report.grain.keys if key.name != PERIOD)
    files = {run.period: books.run_files(run).get(file_name(f"{REPORT} {report.name}")) for run in runs}
    kept = [(name, path) for name, path in files.items() if path is not None]
    with DuckDBExecutor(threads=1, reads=[path for _, path in kept]) as executor:
        attach_files(executor, kept)
        told = {run.period: _cards(executor, run, keys, measures) if files[run.period] else None for run in runs}
    cards = {name: one if one is None else _of_partner(one, keys, partner) for name, one in told.items()}
    last = runs[-1].period
    now = cards[last]
    if now is None:
        raise BooksError(f"{last} was closed by rules without report `{report.name}`; close it again, if it is open")
    if partner is not None and not now.values:
        known = sorted({one[keys.index(PARTNER)] for one in (told[last] or now).values})
        raise BooksError(f"{last} has no card of {partner}; it has those of {', '.join(known) or 'nobody'}")
    return Scorecard(
        report.name, f"{ruleset.head.name} {ruleset.head.version}", keys, measures,
        tuple(one for one in cards.values() if one is not None),
        tuple(name for name, one in cards.items() if one is None),
        _raised(books, ruleset, report, last, partner),
    )  # fmt: skip


def _cards(executor: DuckDBExecutor, run: Run, keys: Sequence[str], measures: Sequence[Measure]) -> Cards | None:
    """What a run's report said; None where its cards were for other keys. A measure that it did not have is missing."""
    have = [name for name, _ in executor.describe(run.period)]
    if not set(keys) <= set(have):
        return None
    shown = [column(one.name) if one.name in have else exp.Null() for one in measures]
    query = exp.select(*(column(one) for one in keys), *shown).from_(table(run.period))
    rows = executor.rows(query.order_by(*(exp.Ordered(this=column(one), nulls_first=True) for one in keys)))
    values = {
        tuple(str(one) for one in row[: len(keys)]): tuple(_value(one) for one in row[len(keys) :]) for row in rows
    }
    return Cards(run.period, f"{run.kind.value} {run.number}", values)


def _of_partner(cards: Cards, keys: Sequence[str], partner: str | None) -> Cards:
    """The cards of one partner, by whatever companies; all of them where none is named."""
    at = keys.index(PARTNER)
    return replace(cards, values={whose: one for whose, one in cards.values.items() if partner in (None, whose[at])})


def _value(value: object) -> object:
    """Counts and days as the figures they are."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _raised(books: Books, ruleset: Ruleset, report: Report, period: str, partner: str | None) -> tuple[Standing, ...]:
    """What the controls over the report's own rows raised: they are its thresholds."""
    rows = {key.name for key in report.grain.keys}
    controls = {one.name for one in ruleset.controls.values() if {key.name for key in one.grain.keys} == rows}
    return tuple(
        one
        for one in worklist_of(books, ruleset, period).conditions.standings
        if one.raised.name in controls and (partner is None or dict(one.raised.row).get(PARTNER) == partner)
    )
