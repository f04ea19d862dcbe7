"""An example's closed periods replayed with what it says became known after them, as `adapters.closing.replay` does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlglot import exp

from engine.ledger.calendar import Period
from engine.model.books import posting_book
from engine.model.ruleset import Ruleset
from engine.plan.books import book_relation, goes_on_from_what_was_posted
from engine.plan.facts import Cutoff
from engine.plan.posting.balances import measures
from engine.plan.posting.differences import POSTED, RECOMPUTED, recomputes
from engine.plan.posting.postings import POSTING
from engine.plan.relation import column, table
from engine.run.close import Run
from engine.run.given import FactRow

Held = tuple[tuple[tuple[str, str], ...], list[tuple[object, ...]]]
"""The columns and rows of a relation."""


def learns_late(ruleset: Ruleset, rows: dict[str, list[FactRow]], cutoff: Cutoff, until: date | None) -> bool:
    """Whether facts of closed periods became known since, up to a day (None: whenever), and rules recompute them."""
    if not recomputes(ruleset):
        return False

    def is_late(row: FactRow, on: str) -> bool:
        known, day = row["known-at"], row[on]
        in_time = until is None or not isinstance(known, date) or known <= until
        return row["publication"] == 2 and isinstance(day, date) and day <= cutoff.end and in_time

    dated = [(one.name, one.record.on) for one in ruleset.kinds.values() if one.record.on is not None]
    return any(is_late(row, on) for name, on in dated for row in rows.get(name, ()))


def lines_of(run: Run) -> dict[str, Held]:
    """The lines that a run posts, of every book, by what stands before the names of the book's relations."""
    found: dict[str, Held] = {}
    for made in (run, *run.books):
        world = made.world
        names = [*(name for name, _ in POSTING), *measures(world)]
        types = dict(world.relation("ledger line").columns)
        query = exp.select(*(column(one) for one in names)).from_(table("ledger line")).order_by(*map(column, names))
        is_posting = world.book == posting_book(world.ruleset)
        prefix = "" if is_posting else book_relation(world.book, "")
        found[prefix] = (tuple((one, types[one]) for one in names), world.executor.rows(query))
    return found


def together(parts: Iterable[dict[str, Held]]) -> dict[str, Held]:
    """The lines of several periods as those of one."""
    found: dict[str, Held] = {}
    for part in parts:
        for prefix, (columns, rows) in part.items():
            found[prefix] = (columns, [*found.get(prefix, (columns, []))[1], *rows])
    return found


def replayed(
    handed: dict[str, Held], chain: dict[str, Held], posted: Sequence[dict[str, Held]], made: Sequence[dict[str, Held]]
) -> dict[str, Held]:
    """Where a period begins: balances as `handed` by what was posted, all else by the replay; and the lines of both."""
    found = {name: held for name, held in chain.items() if not goes_on_from_what_was_posted(name)}
    found |= {name: held for name, held in handed.items() if goes_on_from_what_was_posted(name)}
    for label, lines in ((POSTED, posted), (RECOMPUTED, made)):
        found |= {f"{prefix}{label}": held for prefix, held in together(lines).items()}
    return found


def as_known_now(rows: dict[str, list[FactRow]]) -> None:
    """Nothing is late any more: every fact counts as if it had been known before the first close."""
    for facts in rows.values():
        for row in facts:
            row["publication"] = 1


def cutoffs(periods: Sequence[Period]) -> list[Cutoff | None]:
    """What each of some periods finds closed before it, when all of them know the same."""
    return [None, *(Cutoff(1, one.end) for one in periods[:-1])]
