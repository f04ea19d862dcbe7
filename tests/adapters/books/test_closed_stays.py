"""What is hard-closed stays as it is, whatever is asked of the books."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from adapters.books import durable
from adapters.books.changes import Changes
from adapters.books.entries import NewAcceptance, NewRun, Period, PeriodState, RunKind
from adapters.books.errors import BooksError
from adapters.books.store import Books, open_books
from dsl.diagnostics import InternalError
from engine.governance import acts
from engine.governance.acts import Act
from tests.adapters.books.publishing import CALENDAR, MONTHS, publish_load, publish_run, register_months
from tests.support.promises import reached, trials

CLOSED = MONTHS[0].name
WORDS = ("", "a", "hard", "v1", "2026-01-31", "O-1", "'; DROP TABLE run; --")


def _asked(books: Books, draw: random.Random) -> Callable[[Changes], object]:
    """Something asked about the closed period: a run, an acceptance, other dates, or any act at all."""
    run = draw.choice(books.runs(CALENDAR, CLOSED))
    choice = draw.randrange(4)
    if choice == 0:
        kind, rules = draw.choice(list(RunKind)), run.ruleset_hash
        return lambda changes: changes.add_run(NewRun(CALENDAR, CLOSED, kind, rules, ()))
    if choice == 1:
        return lambda changes: changes.add_acceptance(NewAcceptance(run, "fine", (("siso", "[]", "0" * 64),)))
    if choice == 2:
        first, last = sorted(date(2026, 1, draw.randint(1, 31)) for _ in range(2))
        return lambda changes: changes.add_periods([Period(CALENDAR, draw.choice((CLOSED, "2026-00")), first, last)])
    act = _any_act(draw, run.id)
    return lambda changes: changes.record(act)


def _any_act(draw: random.Random, run: int) -> Act:
    """An act about the closed period, with words drawn at random."""
    about = (CALENDAR, CLOSED)
    word = draw.choice(WORDS)
    row = (("partner", "ACME"),)
    acts_of_it: tuple[Act, ...] = (
        acts.TrialRun(*about, run), acts.CloseRequested(*about, run, word, word),
        acts.CloseApproved(*about, run, word, word), acts.CloseRejected(*about, run, word),
        acts.HardClosed(*about, run + 1, word), acts.Reopened(*about, run), acts.ReopenApproved(*about, run, word),
        acts.ReopenRejected(*about, run, word), acts.ExceptionAssigned("E-1", *about, "ann"),
        acts.ExceptionCommented("E-1", *about, word), acts.ExceptionResolved("E-1", *about, word, "file", word, word),
        acts.OverrideProposed(word, *about, "siso", row, "reported", "7", "units", "", "", "count", word),
        acts.OverrideApproved("O-1", word, word, word), acts.Accepted(*about, word),
    )  # fmt: skip
    return draw.choice(acts_of_it)


def _frozen(books: Books) -> tuple[object, ...]:
    """Everything that a close froze: its state, its runs with their manifests, its files byte for byte."""
    status = books.period(CALENDAR, CLOSED)
    runs = books.runs(CALENDAR, CLOSED)
    files = tuple(durable.sha256_file(path) for run in runs for path in books.run_files(run).values())
    return status, runs, files


def test_nothing_asked_of_a_hard_closed_period_changes_it(tmp_path: Path) -> None:
    draw = random.Random(20260131)
    refused: Counter[str] = Counter()
    count = trials(100_000, per_commit=400)
    with open_books(tmp_path / "books", write=True, create=True) as books, duckdb.connect() as connection:
        publish_load(books, connection, "a.csv")
        register_months(books)
        publish_run(books, connection, CLOSED, RunKind.TRIAL)
        publish_run(books, connection, CLOSED, RunKind.HARD)
        before = _frozen(books)
        for _ in range(count):
            try:
                with books.publication("changes") as publication:
                    publication.commit(_asked(books, draw))
            except (BooksError, InternalError) as error:
                refused[type(error).__name__] += 1
            assert books.period(CALENDAR, CLOSED).state is PeriodState.HARD_CLOSED
        assert _frozen(books) == before
        assert books.verify() == []
    assert {"PeriodClosed", "NotAllowed", "PeriodOutOfOrder"} <= set(refused)
    reached("P4", "random acts on a hard-closed period", count, 0, refused=refused.total())
