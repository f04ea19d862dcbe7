"""Whether overrides and exceptions may be decided on."""

from __future__ import annotations

from decimal import Decimal

from engine.governance import acts
from engine.governance.roles import AccessRole
from engine.governance.scene import Policy, Scene, covers, in_force, known, open_period
from engine.governance.state import Override, Person, State, digest_of


def proposers(state: State, override: Override) -> frozenset[str]:
    """Who proposed an override, or one that it stands in the place of."""
    found = {override.by}
    while override.proposal.replaces:
        override = state.overrides[override.proposal.replaces]
        found.add(override.by)
    return frozenset(found)


def approving_role(state: State, by: str, override: acts.OverrideProposed, policy: Policy) -> str:
    """The ruleset's role, among those a person holds for the row, that may approve an override; empty if none may."""
    person = state.people.get(by)
    for role, limit in policy.limits.items():
        if person is None or limit.reconciliation != override.reconciliation or not covers(person, role, override):
            continue
        if "evidence" in limit.needs and not override.evidence_sha256:
            continue
        if limit.amount is None:
            return role
        if limit.currency == override.stake_currency and override.stake and Decimal(override.stake) <= limit.amount:
            return role
    return ""


def propose(state: State, person: Person, act: acts.OverrideProposed, scene: Scene) -> str:
    """Why an override may not be proposed; empty if it may."""
    if said := open_period(state, act):
        return said
    if not covers(person, AccessRole.PREPARER.value, act):
        return f"{person.id} prepares for another company or partner, not for this row"
    if act.override in state.overrides:
        return f"there is an override {act.override} already"
    if not act.comment.strip() or not act.reason.strip():
        return "an override needs a reason and a comment; say why the value holds"
    if all(one.reconciliation != act.reconciliation for one in scene.policy.limits.values()):
        return f"the rules let nobody override {act.reconciliation}; a `role` says who may"
    rows = [one for one in state.overrides_of(act.calendar, act.period) if _same_cell(one.proposal, act)]
    standing = [one for one in rows if one.state in ("proposed", "approved")]
    if act.replaces:
        return (
            "" if any(one.proposal.override == act.replaces for one in standing) else f"{act.replaces} is none of them"
        )
    if standing:
        one = standing[-1]
        return f"{one.proposal.override} by {one.by} is {one.state} for the same value; replace or withdraw that one"
    return ""


def _same_cell(one: acts.OverrideProposed, other: acts.OverrideProposed) -> bool:
    return (one.reconciliation, one.row, one.column) == (other.reconciliation, other.row, other.column)


def _pending(state: State, act: acts.OverrideAct) -> str:
    override = state.overrides.get(act.override)
    if override is None:
        return f"there is no override {act.override}; see `tieout override list`"
    if override.state != "proposed":
        return f"{act.override} is {override.state} already" + (
            f", by {override.decided_by}" if override.decided_by else ""
        )
    if digest_of(override.proposal) != act.digest:
        return f"{act.override} is not what it was when it was looked at; look at it again"
    return open_period(state, override.proposal)


def _decide(state: State, person: Person, act: acts.OverrideAct) -> str:
    if said := _pending(state, act):
        return said
    override = state.overrides[act.override]
    if person.id in proposers(state, override):
        return f"{person.id} proposed {act.override}, and nobody decides on what he proposed"
    if not any(covers(person, role, override.proposal) for role in ("reviewer", "controller")):
        return f"{person.id} decides for another company or partner, not for this row"
    return ""


def approve(state: State, person: Person, act: acts.OverrideApproved, scene: Scene) -> str:
    """Why an override may not be approved; empty if it may."""
    if said := _decide(state, person, act):
        return said
    override = state.overrides[act.override].proposal
    if said := in_force(state, (override.calendar, override.period), scene):
        return said
    role = approving_role(state, person.id, override, scene.policy)
    if not role:
        worth = f"{override.stake} {override.stake_currency}" if override.stake else "no known value"
        return f"no role of {person.id} may override {override.reconciliation} for a row worth {worth}"
    return "" if act.role == role else f"{person.id} approves this as {role}"


def reject(state: State, person: Person, act: acts.OverrideRejected, _: Scene) -> str:
    """Why an override may not be rejected; empty if it may."""
    return _decide(state, person, act)


def withdraw(state: State, person: Person, act: acts.OverrideWithdrawn, _: Scene) -> str:
    """Why an override may not be taken back; empty if it may."""
    if said := _pending(state, act):
        return said
    if person.id not in proposers(state, state.overrides[act.override]):
        return f"{person.id} did not propose {act.override}; a reviewer may reject it"
    return ""


def assign(state: State, _: Person, act: acts.ExceptionAssigned, __: Scene) -> str:
    """Why an exception may not be given to somebody; empty if it may."""
    return known(state, act.person) or open_period(state, act)


def about_open(state: State, _: Person, act: acts.ExceptionAct | acts.Accepted, __: Scene) -> str:
    """Why nothing may be decided of an exception; empty if it may."""
    return open_period(state, act)
