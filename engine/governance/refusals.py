"""Whether somebody may do an act as things stand: one sentence that says why not, or nothing.

In books that name no people everyone may do what one person alone can do, and nothing that needs a second one. In books
that do, a role must allow the act, and nobody decides on what he had a part in:

- an override is approved by nobody who proposed it or one that it stands in the place of;
- rules are reviewed and approved by nobody who wrote them;
- a close is approved by nobody who asked for it, made its trial, loaded a file since the last close, proposed an
  override that counts in it, settled one of its exceptions, or wrote the rules it runs by;
- a reopening is approved by two others than who asked for it;
- nobody grants himself a role, and an administrator holds no other but that of an auditor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.governance import acts, overrides_judged, people_judged, periods_judged, rules_judged
from engine.governance.acts import Act
from engine.governance.roles import MAY, NAMES, AccessRole, roles_for
from engine.governance.scene import Scene, either, unfit
from engine.governance.state import Person, State


def refusal(state: State, by: str, act: Act, scene: Scene) -> str:
    """Why somebody may not do an act, as a sentence that ends in what can be done; empty if they may."""
    if isinstance(act, acts.Refused):
        return ""
    if not state.is_governed:
        return _alone(by, act)
    person = state.people.get(by)
    if person is None or not person.is_active:
        return f"these books do not name {by}; ask an administrator for `tieout people add`"
    if isinstance(act, acts.Founded):
        return "these books name people already; `tieout people add` names another"
    said = _role(person, act)
    if said:
        return said
    judge = _JUDGES.get(type(act))
    return judge(state, person, act, scene) if judge is not None else ""


_NEEDS_A_SECOND = (
    acts.OverrideProposed, acts.OverrideAct, acts.CloseRequested, acts.CloseApproved, acts.CloseRejected,
    acts.ReopenRequested, acts.ReopenApproved, acts.Reopened, acts.ReopenRejected, acts.RulesDrafted,
    acts.RulesReviewed, acts.RulesApproved, acts.RulesRejected,
)  # fmt: skip

_NEEDS_PEOPLE = (
    acts.PersonAdded, acts.PersonLeft, acts.RoleGranted, acts.RoleRevoked, acts.IssuerTrusted, acts.IssuerDistrusted,
)  # fmt: skip


def _alone(by: str, act: Act) -> str:
    """What can be done in books that name nobody."""
    if isinstance(act, acts.Founded):
        return unfit(act.person) or ("" if act.account else f"{act.person} needs an account; name one")
    if isinstance(act, (*_NEEDS_A_SECOND, *_NEEDS_PEOPLE)):
        return f"these books name no people, and this needs more than {by}; begin with `tieout people found`"
    return ""


def _role(person: Person, act: Act) -> str:
    """Why no role of a person lets them do an act."""
    if isinstance(act, (acts.OverrideProposed, acts.OverrideAct)):
        # Whether a role covers the row is judged with the override.
        held = {grant.role for grant in person.grants}
    else:
        held = {grant.role for grant in person.grants if grant.is_everywhere}
    if any(type(act) in MAY[AccessRole(role)] for role in held & NAMES):
        return ""
    wanted = roles_for(type(act))
    scoped = {grant.role for grant in person.grants} & set(wanted)
    if scoped:
        return f"{person.id} is {either(sorted(scoped))} for a part of the books only, and this is for all of them"
    return f"{person.id} may not do this, which is for {either(wanted)}; ask one of them"


_JUDGES: dict[type[Act], Callable[[State, Person, Any, Scene], str]] = {
    acts.PersonAdded: people_judged.add,
    acts.PersonLeft: people_judged.leave,
    acts.RoleGranted: people_judged.grant,
    acts.RoleRevoked: people_judged.revoke,
    acts.IssuerDistrusted: people_judged.distrust,
    acts.RulesDrafted: rules_judged.draft,
    acts.RulesReviewed: rules_judged.review,
    acts.RulesApproved: rules_judged.approve,
    acts.RulesRejected: rules_judged.review,
    acts.OverrideProposed: overrides_judged.propose,
    acts.OverrideApproved: overrides_judged.approve,
    acts.OverrideRejected: overrides_judged.reject,
    acts.OverrideWithdrawn: overrides_judged.withdraw,
    acts.ExceptionAssigned: overrides_judged.assign,
    acts.ExceptionCommented: overrides_judged.about_open,
    acts.ExceptionResolved: overrides_judged.about_open,
    acts.Accepted: overrides_judged.about_open,
    acts.Loaded: rules_judged.load,
    acts.CloseRequested: periods_judged.ask,
    acts.CloseApproved: periods_judged.approve,
    acts.CloseRejected: periods_judged.turn_down,
    acts.HardClosed: periods_judged.close,
    acts.ReopenRequested: periods_judged.ask_reopening,
    acts.ReopenApproved: periods_judged.approve_reopening,
    acts.Reopened: periods_judged.reopen,
    acts.ReopenRejected: periods_judged.keep_closed,
}
"""What is judged of an act beside the role; an act without a judge needs nothing but the role."""
