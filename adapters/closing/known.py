"""What the books knew on a day about a period: how far it was, and what it comes to by what was loaded until then."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.books.entries import PeriodState
from adapters.books.entries import Run as StoredRun
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.beginning import open_between
from adapters.closing.running import (
    AS_THE_MACHINE_HAS,
    Resources,
    end_of,
    handed_over,
    named_period,
    run_of,
    write_hand_over,
)
from engine.model.ruleset import Ruleset
from engine.run.close import close_calendar
from engine.run.page import read_results
from engine.run.results import CloseResult

Restore = Callable[[Mapping[str, str]], Ruleset]
"""Makes a ruleset of texts that the books kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known: the last publication of the day, how far the period was, its last run by then (None where there
    was none), what it comes to by the facts loaded until then, and the files among these."""

    publication: int
    state: PeriodState
    run: StoredRun | None
    result: CloseResult
    files: tuple[str, ...]


def known_on(
    books: Books,
    ruleset: Ruleset,
    name: str,
    on: date,
    restore: Restore,
    resources: Resources = AS_THE_MACHINE_HAS,
) -> Known:
    """Run a period with what the books held at the end of a day (UTC), by the rules of its last run by then.

    Nothing is published. UnknownPeriod; BooksError where the books held nothing by then.
    """
    upto = max((one.seq for one in books.ledger.audit_events() if one.at[:10] <= on.isoformat()), default=0)
    files = tuple(one.file_name for one in books.loads() if one.seq <= upto)
    if not files:
        raise BooksError(f"nothing was loaded into these books by {on}; name a later day")
    period = named_period(close_calendar(ruleset), name)
    calendar = close_calendar(ruleset)
    runs = [one for one in books.runs(calendar.name, name) if one.id <= upto]
    last = runs[-1] if runs else None
    texts = books.ruleset_texts(last.ruleset_hash) if last is not None else dict(ruleset.texts)
    used = ruleset if dict(ruleset.texts) == texts else restore(texts)
    closes = [one for one in books.ledger.closes(calendar.name, upto + 1) if end_of(calendar, one) < period.start]
    before = closes[-1] if closes else None
    with tempfile.TemporaryDirectory(dir=resources.folder) as folder:
        handed = handed_over(books, calendar, before)
        for earlier in open_between(books, calendar, before, period):
            with run_of(books, used, earlier, handed, resources, Path(folder), upto=upto) as run:
                handed = write_hand_over(books, run, earlier, Path(folder), upto)
        with run_of(books, used, period, handed, resources, Path(folder), upto=upto) as run:
            result = read_results(run, used)
    return Known(upto, books.ledger.state_of_period(calendar.name, name, upto), last, result, files)
