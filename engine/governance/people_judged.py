"""Whether people may be named, leave, and be given roles."""

from __future__ import annotations

from engine.governance import acts
from engine.governance.roles import NAMES, READS_ONLY, STANDS_ALONE, AccessRole
from engine.governance.scene import Scene, known, unfit
from engine.governance.state import Person, State


def add(state: State, _: Person, act: acts.PersonAdded, __: Scene) -> str:
    """Why a person may not be named; empty if it may."""
    if act.person in state.people:
        return f"these books name {act.person} already, and a name is never given twice; take another"
    if act.account and state.person_of_account(act.account) is not None:
        return f"account {act.account} is {state.person_of_account(act.account).id}'s; one account is one person's"  # type: ignore[union-attr]
    return unfit(act.person)


def leave(state: State, person: Person, act: acts.PersonLeft, _: Scene) -> str:
    """Why a person may not be taken out; empty if it may."""
    if act.person == person.id:
        return "nobody takes himself out of the books; ask another administrator"
    return known(state, act.person)


def grant(state: State, person: Person, act: acts.RoleGranted, scene: Scene) -> str:
    """Why a role may not be granted; empty if it may."""
    if said := known(state, act.person):
        return said
    if act.person == person.id:
        return "nobody grants himself a role; ask another administrator"
    if act.role not in NAMES | scene.policy.roles:
        roles = ", ".join((*(one.value for one in AccessRole), *sorted(scene.policy.roles)))
        return f"there is no role {act.role}; roles are {roles}"
    held = {grant.role for grant in state.people[act.person].grants} | {act.role}
    if STANDS_ALONE.value in held and held - {STANDS_ALONE.value, READS_ONLY.value}:
        return f"an administrator holds no other role, and {act.person} would hold {', '.join(sorted(held))}"
    if act.role == STANDS_ALONE.value and (act.company or act.partner):
        return "an administrator is one of the whole books; leave out company and partner"
    return ""


def revoke(state: State, person: Person, act: acts.RoleRevoked, _: Scene) -> str:
    """Why a role may not be taken; empty if it may."""
    if said := known(state, act.person):
        return said
    if act.person == person.id:
        return "nobody takes a role from himself; ask another administrator"
    asked = (act.role, act.company, act.partner)
    if all((one.role, one.company, one.partner) != asked for one in state.people[act.person].grants):
        return f"{act.person} does not hold {act.role} like that; see `tieout people list`"
    return ""


def distrust(state: State, _: Person, act: acts.IssuerDistrusted, __: Scene) -> str:
    """Why an issuer may not be struck off; empty if it may."""
    return "" if act.issuer in state.issuers else f"there is no issuer {act.issuer}; see `tieout people list`"
