"""Overrides of the books: which hold in a period, and how a run is given them.

An approved override holds in the period it names and, where the rules say that overrides lapse after N periods, in the
N - 1 after it. What nobody approved by the time its period is closed lapses.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.books.store import Books
from adapters.duckdb_executor import DuckDBExecutor
from engine.governance.acts import OverrideProposed
from engine.governance.state import Override, State, state_of
from engine.ledger.calendar import Calendar, Period
from engine.model.ruleset import Ruleset
from engine.plan.overrides import TOLD, given_name, key_label, row_keys

PERIODS = 1
"""In how many periods an override holds where the rules do not say."""

APPROVED = "approved"
PROPOSED = "proposed"
LAPSED = "lapsed"
"""Where an override stands that holds no more, or that nobody approved in time."""


def holds_in(ruleset: Ruleset, calendar: Calendar, proposal: OverrideProposed) -> tuple[str, ...]:
    """The periods that an override holds in, once it is approved."""
    period = calendar.period(proposal.period)
    found: list[str] = []
    while period is not None and len(found) < (ruleset.head.overrides_lapse or PERIODS):
        found.append(period.name)
        period = calendar.next(period)
    return tuple(found)


def state_upto(books: Books, upto: int | None) -> State:
    """Where everything stood after a publication; None for all of them."""
    if upto is None:
        return books.state
    return state_of(one for one in books.ledger.happened() if one.seq <= upto)


def holding(state: State, ruleset: Ruleset, calendar: Calendar, period: Period) -> tuple[Override, ...]:
    """The approved overrides that hold in a period, by id; of one value the one proposed last. None holds where
    its reconciliation is not in the rules."""
    found: dict[tuple[object, ...], Override] = {}
    for one in state.overrides.values():
        proposal = one.proposal
        if one.state != APPROVED or proposal.calendar != calendar.name:
            continue
        if proposal.reconciliation in ruleset.reconciliations and period.name in holds_in(ruleset, calendar, proposal):
            cell = (proposal.reconciliation, proposal.row, proposal.column)
            if cell not in found or found[cell].seq < one.seq:
                found[cell] = one
    return tuple(sorted(found.values(), key=lambda one: one.proposal.override))


def in_force(
    books: Books, ruleset: Ruleset, calendar: Calendar, period: Period, upto: int | None = None
) -> tuple[Override, ...]:
    """The overrides that hold in a period by what was known after a publication; None for all that is known."""
    return holding(state_upto(books, upto), ruleset, calendar, period)


def standing(ruleset: Ruleset, calendar: Calendar, state: State, override: Override) -> str:
    """Where an override stands, in a word: as it was decided, or `lapsed`."""
    proposal = override.proposal

    def is_closed(period: str) -> bool:
        return bool(state.closing(proposal.calendar, period).closed_run)

    if override.state == PROPOSED and is_closed(proposal.period):
        return LAPSED
    if override.state == APPROVED and all(map(is_closed, holds_in(ruleset, calendar, proposal))):
        return LAPSED
    return override.state


def attach_overrides(executor: DuckDBExecutor, ruleset: Ruleset, overrides: Sequence[Override]) -> tuple[str, ...]:
    """Tables of the overrides of each reconciliation that has some; their names."""
    names: list[str] = []
    for name in dict.fromkeys(one.proposal.reconciliation for one in overrides):
        keys = row_keys(ruleset.reconciliations[name])
        columns = [(one, "VARCHAR") for one in (*TOLD, *map(key_label, keys))]
        own = [one for one in overrides if one.proposal.reconciliation == name]
        names.append(given_name(name))
        executor.append(names[-1], columns, [_cells(one, keys) for one in own])
    return tuple(names)


def _cells(one: Override, keys: tuple[str, ...]) -> tuple[object, ...]:
    proposal = one.proposal
    told = (
        proposal.override, proposal.column, proposal.value, proposal.unit, proposal.period, proposal.reason,
        proposal.comment, proposal.evidence, proposal.evidence_sha256, one.by, one.at, one.decided_by, one.decided_at,
        one.role, one.comment, one.digest,
    )  # fmt: skip
    row = dict(proposal.row)
    return (*told, *(row.get(key) for key in keys))
