"""Exceptions of a period accepted with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.books.entries import NewAcceptance
from adapters.books.errors import BooksError, PeriodClosed
from adapters.books.store import Books
from adapters.closing.worklist import Worklist, worklist_of
from engine.model.ruleset import Ruleset
from engine.run.conditions import BEYOND_STOCK, OVERSELL, QUARANTINE, ROWS_WAIT, Conditions, Standing, row_text


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting came to: exceptions accepted now, those that were already, and how the period stands then."""

    new: tuple[Standing, ...]
    already: tuple[Standing, ...]
    conditions: Conditions


def accept(
    books: Books, ruleset: Ruleset, period: str, comment: str, ids: Sequence[str] = (), all_of: str = ""
) -> Accepted:
    """Accept exceptions of a period's last run with a comment: those of some ids (or their beginnings), or every open
    one of a control or reconciliation. What is accepted as it stands is left as it is.

    PeriodClosed, UnknownPeriod; BooksError where an id or name stands for nothing, or the comment is empty. Then
    nothing is written.
    """
    if not comment.strip():
        raise BooksError("the comment is empty; say why the exception can be accepted")
    found = worklist_of(books, ruleset, period)
    run, conditions = found.run, found.conditions
    require_open(books, found)
    chosen = [found.one(one) for one in ids] + (_all_of(ruleset, conditions, all_of) if all_of else [])
    unique = {one.raised.id: one for one in chosen}
    for one in chosen:
        if not one.is_raised:
            raise BooksError(f"{one.raised.id} is raised no more by {found.last}, so there is nothing to accept")
    new = tuple(one for one in unique.values() if one.is_open)
    already = tuple(one for one in unique.values() if not one.is_open)
    if new:
        exceptions = tuple((one.raised.name, row_text(one.raised.row), one.raised.digest) for one in new)
        names = ", ".join(dict.fromkeys(one.raised.name for one in new))
        with books.publication("acceptance", f"{period}: {len(new):,} of {names}") as publication:
            accepted = NewAcceptance(run, comment.strip(), exceptions)
            publication.commit(lambda changes: changes.add_acceptance(accepted))
    return Accepted(new, already, worklist_of(books, ruleset, period).conditions)


def require_open(books: Books, found: Worklist) -> None:
    """PeriodClosed where nothing is decided of a period any more."""
    if books.period(found.calendar.name, found.period.name).state.is_closed:
        raise PeriodClosed(f"{found.period.name} is hard-closed, so nothing of it can be accepted any more")


def _all_of(ruleset: Ruleset, conditions: Conditions, name: str) -> list[Standing]:
    every = conditions.standings
    of_no_rule = {QUARANTINE: ROWS_WAIT, OVERSELL: BEYOND_STOCK}
    if name not in ruleset.controls and name not in ruleset.reconciliations and name not in of_no_rule:
        listed = dict.fromkeys(one.raised.of if one.raised.of in of_no_rule else one.raised.name for one in every)
        known = ", ".join(listed) or "none has exceptions"
        raise BooksError(f"there is no control or reconciliation {name}, nothing was written; known here: {known}")
    found = [one for one in every if one.raised.name == name]
    found += [one for one in every if one.raised.name == of_no_rule.get(name)]
    if not found:
        raise BooksError(f"{name} has no exceptions in this period, nothing was written; see `tieout exceptions list`")
    return found
