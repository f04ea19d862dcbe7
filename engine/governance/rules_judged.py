"""Whether a version of the rules may be put forward, reviewed and approved, and files loaded by it."""

from __future__ import annotations

from engine.governance import acts
from engine.governance.scene import Scene, either
from engine.governance.state import Person, State


def draft(state: State, _: Person, act: acts.RulesDrafted, __: Scene) -> str:
    """Why a version may not be put forward; empty if it may."""
    known = state.versions.get(act.version)
    return f"this version was drafted by {known.author} already and is {known.state}" if known else ""


def _version(state: State, person: Person, version: str) -> str:
    found = state.versions.get(version)
    if found is None:
        return "these rules, with client.yaml as it is, were never drafted; a rule author does `tieout rules draft`"
    if found.is_rejected:
        return f"version {version[:10]} was rejected; draft another"
    if found.author == person.id:
        return f"{person.id} wrote version {version[:10]}, and nobody decides on what he wrote"
    return ""


def review(state: State, person: Person, act: acts.RulesReviewed, _: Scene) -> str:
    """Why a version may not be reviewed or rejected; empty if it may."""
    return _version(state, person, act.version)


def approve(state: State, person: Person, act: acts.RulesApproved, _: Scene) -> str:
    """Why a version may not be approved; empty if it may."""
    if said := _version(state, person, act.version):
        return said
    version = state.versions[act.version]
    if not version.reviewers:
        return f"version {act.version[:10]} was not reviewed yet; `tieout rules review` comes first"
    if version.is_approved:
        return f"version {act.version[:10]} is approved already, from {version.active_from}"
    if person.id in {by for by, _ in version.approvals}:
        return f"{person.id} approved version {act.version[:10]} already; another must"
    if version.approvals and act.active_from != version.active_from:
        return f"{version.approvals[0][0]} approved it from {version.active_from}; both must name one day"
    if version.needs and act.role not in version.missing:
        return f"the approval that is missing is that of {either(version.missing)}"
    if version.needs and not any(grant.is_everywhere for grant in person.holds(act.role)):
        return f"{person.id} is not {either([act.role])}"
    return ""


def load(state: State, _: Person, act: acts.Loaded, __: Scene) -> str:
    """Why a file may not be loaded; empty if it may."""
    version = state.versions.get(act.version)
    if version is None or not version.is_approved:
        where = "were never drafted" if version is None else f"are {version.state}"
        return f"files are loaded by approved rules, and these, with client.yaml as it is, {where}"
    return ""
