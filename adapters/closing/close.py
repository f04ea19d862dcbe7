"""Close a period of the books: run it, check its tie-outs, publish it as a trial or freeze it as a hard close.

A period whose predecessor is open is run on a hand-over computed on the way, so trials of several periods agree with
what their hard closes will be. A failed blocking tie-out publishes nothing. A hard close that does not meet the
conditions of the rules is refused, and its run kept as a trial.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

from sqlglot import exp

from adapters.books.chain import ruleset_hash
from adapters.books.changes import Changes
from adapters.books.entries import Json, NewRun, Period, RunKind
from adapters.books.entries import Run as StoredRun
from adapters.books.errors import BooksError, PeriodClosed, PeriodOutOfOrder
from adapters.books.publication import Publication
from adapters.books.store import Books
from adapters.closing.beginning import beginning_of, first_period, next_open, open_between
from adapters.closing.quarantined import rows_in_quarantine
from adapters.closing.raised import EXCEPTIONS, add_exceptions, reader_of
from adapters.closing.running import (
    AS_THE_MACHINE_HAS,
    Progress,
    Resources,
    end_of,
    file_name,
    named_period,
    run_of,
)
from adapters.closing.worklist import acceptances_of, works_of
from adapters.duckdb_executor import DuckDBExecutor
from engine.governance.acts import CloseApproved, HardClosed, TrialRun
from engine.ledger.calendar import Calendar
from engine.ledger.calendar import Period as CalendarPeriod
from engine.model.ruleset import Ruleset
from engine.run.close import Run, close_calendar
from engine.run.conditions import Conditions, weigh
from engine.run.exceptions import read_exceptions
from engine.run.handover import hand_over
from engine.run.overridden import read_overrides
from engine.run.page import published_relations, read_results
from engine.run.results import CloseResult, Replayed


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close came to: its result, how the conditions of the rules stand, and the run in the books.

    `run` is None where a tie-out refused publication. `is_refused` says that a hard close was asked for and its
    conditions are not met: then the run is a trial and the period stays open. `built_on` names the open periods before
    it, whose hand-over was worked out on the way; `replayed` is what of the closed ones was recomputed.
    """

    result: CloseResult
    conditions: Conditions
    run: StoredRun | None
    is_refused: bool = False
    built_on: tuple[str, ...] = ()
    replayed: Replayed | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """An approval of a hard close: the trial that was asked for, and the approval, recorded with the close."""

    asked: StoredRun
    approval: CloseApproved


Review = Callable[[Closed], None]
"""Takes a refused hard close whose trial is in the books, and may accept its exceptions there."""


def close_period(
    books: Books,
    ruleset: Ruleset,
    name: str,
    *,
    hard: bool = False,
    agreed: Agreed | None = None,
    review: Review | None = None,
    resources: Resources = AS_THE_MACHINE_HAS,
    progress: Progress | None = None,
) -> Closed:
    """Run a period and publish it. PeriodClosed, PeriodOutOfOrder, UnknownPeriod or RunStopped where it cannot be.

    A run that finds what the last trial of the period found, file by file, is that trial. With `agreed` a hard close
    must find what the trial that was asked for found; BooksError where it does not. A hard close that nobody had to ask
    for and that the conditions refuse is kept as a trial. `review` is then asked, and if what it accepted was all that
    stood in the way, the same run is published as the hard close.
    """
    calendar = close_calendar(ruleset)
    period = named_period(calendar, name)
    last = books.last_hard_closed(calendar.name)
    if last is not None and period.end <= end_of(calendar, last):
        raise PeriodClosed(f"{period.name} is hard-closed; what changes it posts in {next_open(calendar, last).name}")
    if agreed is None:
        about = (calendar.name, period.name, books.ledger.head().seq + 1)
        books.require(HardClosed(*about, books.policy.version) if hard else TrialRun(*about))
    between = open_between(books, calendar, last, period)
    if hard and between:
        raise PeriodOutOfOrder(f"{between[0].name} is not hard-closed; close it before {period.name}")
    if hard:
        # A changed byte may still be a figure that can be read; a period is frozen on nothing but what was published.
        books.check_bytes()
    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        begun = beginning_of(books, ruleset, period, resources, Path(folder), progress)
        with run_of(books, ruleset, period, begun.handed, resources, Path(folder), progress) as run:
            closed = _conclude(books, ruleset, run, hard, agreed, review, progress)
    return replace(closed, built_on=begun.built_on, replayed=begun.replayed)


def _conclude(
    books: Books,
    ruleset: Ruleset,
    run: Run,
    hard: bool,
    agreed: Agreed | None,
    review: Review | None,
    progress: Progress | None,
) -> Closed:
    """Hold what a run found against tie-outs and conditions, and publish it as what these allow."""
    result = read_results(run, ruleset)
    period = run.world.period
    executor = run.world.executor
    assert isinstance(executor, DuckDBExecutor)
    raised = (*read_exceptions(run.world), *rows_in_quarantine(books, ruleset, run.world.calendar, period))

    def weighed() -> Conditions:
        with reader_of(books) as reader:
            works = works_of(books, ruleset, period, raised, reader)
        return weigh(ruleset.close, raised, acceptances_of(books, ruleset, period.name), works)

    closed = Closed(result, weighed(), None)
    if not result.publishable:
        return closed
    relations = {**published_relations(run), EXCEPTIONS: add_exceptions(executor, raised)}
    if agreed is not None and not closed.conditions.allows_hard_close:
        raise BooksError(f"the conditions of the close of {period.name} are not met any more; make another trial")
    if hard and not closed.conditions.allows_hard_close:
        kept = _publish(books, ruleset, run, relations, RunKind.TRIAL, progress)
        closed = replace(closed, run=kept, is_refused=True)
        if review is None:
            return closed
        review(closed)
        closed = replace(closed, conditions=weighed())
        if not closed.conditions.allows_hard_close:
            return closed
    if hard:
        relations |= hand_over(run.world)
    published = _publish(books, ruleset, run, relations, RunKind.HARD if hard else RunKind.TRIAL, progress, agreed)
    return replace(closed, run=published, is_refused=False)


def _publish(
    books: Books,
    ruleset: Ruleset,
    run: Run,
    relations: Mapping[str, exp.Query],
    kind: RunKind,
    progress: Progress | None,
    agreed: Agreed | None = None,
) -> StoredRun:
    if progress is not None:
        progress("publishing")
    executor = run.world.executor
    assert isinstance(executor, DuckDBExecutor)
    calendar, period = run.world.calendar, run.world.period
    texts = dict(ruleset.texts)
    first = first_period(books, calendar) or period
    with books.publication("run", f"{period.name} {kind.value}") as publication:
        publication.write_all(executor.connection, {file_name(name): query for name, query in relations.items()})
        details: dict[str, Json] = {
            "tieout": version("tieout"),
            "duckdb": version("duckdb"),
            "sqlglot": version("sqlglot"),
            "sql": executor.sql_digest,
            "facts": run.placing.events if run.placing is not None else 0,
            "overrides": [one.override for one in read_overrides(run.world) if one.counts],
        }
        inputs = tuple(one.path for one in books.ledger.files_in("facts"))
        same = _same(books, publication, calendar.name, period.name, ruleset_hash(texts))
        if same is not None and kind is RunKind.TRIAL:
            return same
        if agreed is not None:
            _hold_against(publication, agreed.asked)
            details["asked"] = {"run": agreed.asked.id, "manifest": agreed.approval.manifest}

        def changes(ledger: Changes) -> None:
            if agreed is not None:
                ledger.record(agreed.approval)
            ledger.add_periods(_periods(books, calendar, min(first.start, period.start), period))
            digest = ledger.add_ruleset(ruleset.head.name, str(ruleset.head.version), texts)
            ledger.add_run(NewRun(calendar.name, period.name, kind, digest, inputs, details))

        publication.commit(changes)
        return books.runs(calendar.name, period.name)[-1]


def _same(books: Books, publication: Publication, calendar: str, period: str, rules: str) -> StoredRun | None:
    """The last run of a period, if it is a trial under the same rules that found the same, file by file."""
    runs = books.runs(calendar, period)
    if not runs or runs[-1].kind is not RunKind.TRIAL or runs[-1].ruleset_hash != rules:
        return None
    if books.period(calendar, period).run != runs[-1].id:
        return None
    found = {one.name: one.sha256 for one in publication.files}
    return runs[-1] if {name: one.sha256 for name, one in books.run_entries(runs[-1]).items()} == found else None


def _hold_against(publication: Publication, asked: StoredRun) -> None:
    """BooksError where a run did not find, file by file, what the trial found that a close was asked for."""
    outputs = json.loads(asked.manifest)["outputs"]
    found = {one.name: one.sha256 for one in publication.files}
    other = sorted(name for name, one in outputs.items() if found.get(name) != one["sha256"])
    if other:
        raise BooksError(
            f"this run finds another {', '.join(other)} than trial {asked.number} of {asked.period}, whose close was"
            " asked for; nothing was closed; make another trial"
        )


def _periods(books: Books, calendar: Calendar, first: date, last: CalendarPeriod) -> list[Period]:
    """Periods the books do not know yet, without a gap, up to the one closed."""
    known = {status.period.name for status in books.periods(calendar.name)}
    found: list[Period] = []
    period = calendar.period_of(first)
    while period.start <= last.start:
        if period.name not in known:
            found.append(Period(calendar.name, period.name, period.start, period.end))
        period = calendar.next(period)
    return found
