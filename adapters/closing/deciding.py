"""Deciding on overrides, and looking at them: approved, rejected or withdrawn, each by whom the rules let."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from adapters.books.entries import Run
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.inputs import attach_files
from adapters.closing.overrides import holds_in, standing
from adapters.closing.running import file_name
from adapters.duckdb_executor import DuckDBExecutor
from adapters.report.overrides import Standing
from engine.governance.acts import OverrideAct, OverrideApproved, OverrideProposed, OverrideRejected, OverrideWithdrawn
from engine.governance.overrides_judged import approving_role
from engine.governance.scene import Policy
from engine.governance.state import Override
from engine.model.ruleset import Ruleset
from engine.plan.overrides import OVERRIDES
from engine.plan.relation import Origin, Relation, column, table
from engine.plan.world import World
from engine.run.close import close_calendar
from engine.run.overridden import read_overrides
from engine.run.results import OverrideLine

KIND = "override"
"""The kind of publication that acts upon overrides are."""


@dataclass(frozen=True, slots=True)
class Decided:
    """An override as it stands after a decision; `is_new` is False where the same person had decided the same."""

    override: Override
    is_new: bool


def propose(books: Books, proposal: OverrideProposed) -> None:
    """Record a proposal; NotAllowed."""
    books.record(KIND, proposal)


def approve(books: Books, wanted: str, comment: str) -> Decided:
    """Approve an override as the role whose limit covers it; NotAllowed, or BooksError where no override has the id."""

    def act(one: Override) -> OverrideAct:
        role = approving_role(books.state, books.by, one.proposal, books.policy)
        return OverrideApproved(one.proposal.override, one.digest, comment.strip(), role)

    return _decide(books, wanted, comment, "approved", act)


def reject(books: Books, wanted: str, comment: str) -> Decided:
    """Reject an override; NotAllowed."""
    return _decide(
        books, wanted, comment, "rejected",
        lambda one: OverrideRejected(one.proposal.override, one.digest, comment.strip()),
    )  # fmt: skip


def withdraw(books: Books, wanted: str, comment: str) -> Decided:
    """Take an override back that whoever acts proposed; NotAllowed."""
    return _decide(
        books, wanted, comment, "withdrawn",
        lambda one: OverrideWithdrawn(one.proposal.override, one.digest, comment.strip()),
    )  # fmt: skip


def _decide(books: Books, wanted: str, comment: str, to: str, act: Callable[[Override], OverrideAct]) -> Decided:
    one = found(books, wanted)
    if (one.state, one.decided_by) == (to, books.by):
        return Decided(one, False)
    if not comment.strip():
        raise BooksError(f"the comment is empty; say why {one.proposal.override} is {to}")
    books.record(KIND, act(one))
    return Decided(found(books, one.proposal.override), True)


def found(books: Books, wanted: str) -> Override:
    """The override that an id, or the beginning of one, stands for; BooksError."""
    overrides = books.state.overrides
    if wanted in overrides:
        return overrides[wanted]
    near = [one for name, one in overrides.items() if wanted and name.casefold().startswith(wanted.casefold())]
    if len(near) == 1:
        return near[0]
    if not near:
        raise BooksError(f"there is no override {wanted}; see `tieout override list`")
    raise BooksError(f"{wanted} begins the names of {len(near):,} overrides; write more of it")


def roles_for(policy: Policy, proposal: OverrideProposed) -> tuple[str, ...]:
    """The roles of the rules that may approve a proposal, those with the least limit first."""
    held = [
        (limit.amount is None, limit.amount or Decimal(0), role)
        for role, limit in policy.limits.items()
        if limit.reconciliation == proposal.reconciliation
        and ("evidence" not in limit.needs or proposal.evidence_sha256)
        and (
            limit.amount is None
            or (
                limit.currency == proposal.stake_currency and proposal.stake and Decimal(proposal.stake) <= limit.amount
            )
        )
    ]
    return tuple(role for *_, role in sorted(held))


def standing_of(books: Books, ruleset: Ruleset, override: Override) -> Standing:
    """Where an override stands, with those it stands in the place of."""
    calendar, state = close_calendar(ruleset), books.state
    replaced: list[Override] = []
    former = override
    while former.proposal.replaces:
        former = state.overrides[former.proposal.replaces]
        replaced.append(former)
    return Standing(
        override,
        standing(ruleset, calendar, state, override),
        holds_in(ruleset, calendar, override.proposal),
        tuple(replaced),
        roles_for(books.policy, override.proposal),
    )


def standings(books: Books, ruleset: Ruleset, period: str = "", state: str = "") -> tuple[Standing, ...]:
    """The overrides of the books, oldest first; of one period, or in one state."""
    listed = [standing_of(books, ruleset, one) for one in books.state.overrides.values()]
    return tuple(one for one in listed if period in ("", one.override.proposal.period) and state in ("", one.state))


def runs_with(books: Books, ruleset: Ruleset, one: Standing) -> list[tuple[str, OverrideLine]]:
    """What an override did in the last run of each period it holds in, by what the run is called."""
    calendar = close_calendar(ruleset)
    told: list[tuple[str, OverrideLine]] = []
    for period in one.holds_in:
        runs = books.runs(calendar.name, period)
        lines = overrides_of_run(books, ruleset, runs[-1]) if runs else ()
        told += [
            (f"{runs[-1].kind.value} {runs[-1].number} of {period}", line)
            for line in lines
            if line.override == one.override.proposal.override
        ]
    return told


def overrides_of_run(books: Books, ruleset: Ruleset, run: Run) -> tuple[OverrideLine, ...]:
    """The overrides that a run was given, as it published them."""
    entry = books.run_entries(run).get(file_name(OVERRIDES))
    period = close_calendar(ruleset).period(run.period)
    if entry is None or period is None:
        return ()
    with DuckDBExecutor(threads=1, reads=(books.path(entry),)) as executor:
        attach_files(executor, [(OVERRIDES, books.path(entry))])
        world = World(ruleset, close_calendar(ruleset), period, executor)
        query = exp.select(*(column(name) for name, _ in entry.columns)).from_(table(OVERRIDES))
        world.note(Relation(OVERRIDES, (), tuple(entry.columns), query, Origin("the books"), stored=False))
        return read_overrides(world)
