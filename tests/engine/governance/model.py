"""A small world of people and one period, in which every sequence of acts can be tried.

The judge here shares nothing with the product: it keeps what each person did, in plain sets, and says of an approval
that was allowed whether its maker had a part in what he approved.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.refusals import refusal
from engine.governance.scene import Limit, Policy, Scene
from engine.governance.state import Grant, Happened, Person, State, Version, after, digest_of

USERS = ("ann", "ben", "cy")
ROLES = ("preparer", "reviewer", "controller", "rule-author")
WHERE = ("fiscal", "FY2026-P01")
POLICY = Policy("v1", {"signer": Limit("siso", Decimal(1000), "USD")}, roles=frozenset({"signer"}))
SCENE = Scene(POLICY, {WHERE: "2026-01-01"})
KINDS = ("load", "trial", "request", "propose", "edit", "approve override", "approve close", "reject override")


@dataclass(frozen=True)
class Step:
    """Somebody tries something."""

    by: str
    kind: str


@dataclass(frozen=True)
class Parts:
    """Who had which part in the period, kept by the judge; `proposers` of each override with those it replaced."""

    loaders: frozenset[str] = frozenset()
    triers: frozenset[str] = frozenset()
    askers: frozenset[str] = frozenset()
    proposers: tuple[frozenset[str], ...] = ()
    approved: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Node:
    """A point that sequences of acts lead to."""

    state: State
    parts: Parts = field(default_factory=Parts)
    seq: int = 10

    def key(self) -> tuple[object, ...]:
        """What decides about all that can follow: two nodes of one key allow the same."""
        closing = self.state.closing(*WHERE)
        overrides = tuple((one.by, one.state, one.decided_by) for one in self.state.overrides.values())
        changed = max(self.state.loaded_seq, closing.overridden_seq)
        stale = (changed > closing.trial, max(changed, closing.accepted_seq) > closing.asked_seq)
        return (
            self.parts, overrides, closing.trial_by, closing.asked_by, closing.approvals, bool(closing.closed_run),
            bool(closing.trial), self.state.loaders, stale, tuple(sorted(self.state.people.items())),
        )  # fmt: skip


def people(roles: Mapping[str, Iterable[str]]) -> dict[str, Person]:
    """People with roles of tieout; whoever may approve overrides has the ruleset's role with the limit too."""
    found = {}
    for name in USERS:
        held = set(roles[name]) | ({"signer"} if {"reviewer", "controller"} & set(roles[name]) else set())
        found[name] = Person(name, name, name, True, frozenset(Grant(one) for one in held))
    return found


def beginning(roles: Mapping[str, Iterable[str]], author: str = "") -> Node:
    """A period that nothing was done in, with approved rules; `author` wrote them."""
    version = Version("v1", "r", "shop 1", author or "somebody", (), ("other",), (("other", ""),), "2026-01-01")
    return Node(State(people=people(roles), versions={"v1": version}))


def acts_of(node: Node, kind: str) -> tuple[Act, ...]:
    """What somebody does who tries something, as acts; nothing where there is nothing to do it to."""
    run = node.seq + 1
    closing = node.state.closing(*WHERE)
    overrides = list(node.state.overrides.values())
    last = overrides[-1] if overrides else None
    if kind == "load":
        return (acts.Loaded("a.csv", "v1"),)
    if kind == "trial":
        return (acts.TrialRun(*WHERE, run),)
    if kind == "request":
        return (acts.CloseRequested(*WHERE, closing.trial, "m", ""),) if closing.trial else ()
    if kind in ("propose", "edit"):
        if (kind == "edit") != (last is not None and last.state in ("proposed", "approved")):
            return ()
        replaces = last.proposal.override if kind == "edit" and last is not None else ""
        return (_proposal(f"O-{len(overrides)}", replaces),)
    if kind == "approve override" and last is not None:
        return (acts.OverrideApproved(last.proposal.override, digest_of(last.proposal), "fine", "signer"),)
    if kind == "reject override" and last is not None:
        return (acts.OverrideRejected(last.proposal.override, digest_of(last.proposal), "no"),)
    if kind == "approve close" and closing.asked_run:
        agreed = acts.CloseApproved(*WHERE, closing.asked_run, closing.manifest, "")
        return (agreed, acts.HardClosed(*WHERE, run, "v1"))
    return ()


def _proposal(name: str, replaces: str) -> acts.OverrideProposed:
    row = (("partner", "ACME"),)
    return acts.OverrideProposed(
        name, *WHERE, "siso", row, "reported", "7", "units", "40.00", "USD", "count", "counted", replaces=replaces
    )


def tried(node: Node, step: Step) -> Node | None:
    """Where a step leads; None where it is refused."""
    doing = acts_of(node, step.kind)
    if not doing:
        return None
    state, seq = node.state, node.seq + 1
    for act in doing:
        if refusal(state, step.by, act, SCENE):
            return None
        state = after(state, Happened(seq, "2026-02-01T00:00:00Z", step.by, act))
    return Node(state, _noted(node, step), seq)


def _noted(node: Node, step: Step) -> Parts:
    parts, by = node.parts, frozenset({step.by})
    last = len(parts.proposers) - 1
    if step.kind == "load":
        return replace(parts, loaders=parts.loaders | by)
    if step.kind == "trial":
        return replace(parts, triers=by, askers=frozenset())
    if step.kind == "request":
        return replace(parts, askers=by)
    if step.kind == "propose":
        return replace(parts, proposers=(*parts.proposers, by))
    if step.kind == "edit":
        chain = parts.proposers[-1] | by
        return replace(parts, proposers=(*parts.proposers, chain), approved=parts.approved - {last})
    if step.kind == "approve override":
        return replace(parts, approved=parts.approved | {last})
    return parts


def is_own_work(node: Node, step: Step) -> bool:
    """Whether somebody decides on what he had a part in, by the judge's own notes from before the step."""
    parts = node.parts
    if step.kind in ("approve override", "reject override"):
        return step.by in parts.proposers[-1]
    if step.kind == "approve close":
        counted = [chain for number, chain in enumerate(parts.proposers) if number in parts.approved]
        made = [parts.loaders, parts.triers, parts.askers, *counted]
        authors = {one.author for one in node.state.versions.values()}
        return any(step.by in one for one in made) or step.by in authors
    return False


def steps() -> Iterator[Step]:
    """Everything anybody can try."""
    return (Step(by, kind) for by, kind in itertools.product(USERS, KINDS))
