"""Whether a period may be closed for good or opened again."""

from __future__ import annotations

from collections.abc import Mapping

from engine.governance import acts
from engine.governance.scene import Scene, either, in_force
from engine.governance.state import Person, State

REOPENING_NEEDS = 2
"""How many others must agree that a closed period be opened again, whatever the rules say."""


def makers(state: State, act: acts.PeriodAct, version: str) -> Mapping[str, str]:
    """Who had a part in what a close would freeze, and which; they may not approve it."""
    closing = state.closing(act.calendar, act.period)
    found: dict[str, str] = {}
    for person in sorted(state.loaders):
        found.setdefault(person, "loaded a file since the last close")
    for override in state.overrides_of(act.calendar, act.period):
        if override.state == "approved":
            found.setdefault(override.by, f"proposed override {override.proposal.override}")
    for person in sorted(closing.accepted_by):
        found.setdefault(person, f"settled an exception of {act.period}")
    if version in state.versions:
        found.setdefault(state.versions[version].author, "wrote the rules")
    if closing.trial_by:
        found.setdefault(closing.trial_by, "made the trial")
    if closing.asked_by:
        found[closing.asked_by] = "asked for it"
    return found


def ask(state: State, _: Person, act: acts.CloseRequested, scene: Scene) -> str:
    """Why the close of a period may not be asked for; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    if closing.closed_run:
        return f"{act.period} is hard-closed"
    if closing.trial != act.run:
        return f"there is a newer trial of {act.period}; look at that"
    if closing.asked_by:
        return f"{closing.asked_by} asked for the close of {act.period} already; another approves it"
    if max(state.loaded_seq, closing.overridden_seq) > act.run:
        return f"files or overrides came after that trial of {act.period}; make another"
    return in_force(state, (act.calendar, act.period), scene)


def approve(state: State, person: Person, act: acts.CloseApproved, scene: Scene) -> str:
    """Why a close may not be approved; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    if closing.closed_run:
        return f"{act.period} is hard-closed already"
    if not closing.asked_by or (closing.asked_run, closing.manifest) != (act.run, act.manifest):
        return f"nobody asks for the close of {act.period} as that trial shows it; see `tieout close --request`"
    if max(state.loaded_seq, closing.overridden_seq, closing.accepted_seq) > closing.asked_seq:
        return f"files, overrides or acceptances came after the close of {act.period} was asked for; make another trial"
    if said := in_force(state, (act.calendar, act.period), scene):
        return said
    part = makers(state, act, scene.policy.version).get(person.id)
    if part is not None:
        return f"{person.id} {part}, and nobody approves what he had a part in"
    if person.id in {by for by, _ in closing.approvals}:
        return f"{person.id} approved the close of {act.period} already; another must"
    missing = missing_approvals(closing.approvals, scene.policy.close_by)
    return _as_asked(person, act.role, missing)


def _as_asked(person: Person, role: str, missing: tuple[str, ...]) -> str:
    if role not in missing:
        return f"the approval that is missing is that of {either([one for one in missing if one])}"
    if role and not any(grant.is_everywhere for grant in person.holds(role)):
        return f"{person.id} is not {either([role])}, whose approval the rules ask for"
    return ""


def missing_approvals(given: tuple[tuple[str, str], ...], asked: tuple[str, ...], least: int = 1) -> tuple[str, ...]:
    """The roles whose approval is missing, by those the rules ask for and how many there must be at least.

    An empty role stands for anybody whose roles of tieout allow it.
    """
    wanted = [*asked, *[""] * (least - len(asked))]
    for _, role in given:
        if role in wanted:
            wanted.remove(role)
    return tuple(wanted)


def turn_down(state: State, _: Person, act: acts.CloseRejected, __: Scene) -> str:
    """Why a request for a close may not be turned down; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    if closing.closed_run:
        return f"{act.period} is hard-closed already"
    asked = closing.asked_run
    return "" if asked and asked == act.run else f"nobody asks for the close of {act.period}"


def close(state: State, _: Person, act: acts.HardClosed, scene: Scene) -> str:
    """Why a period may not be frozen; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    if closing.closed_run:
        return f"{act.period} is hard-closed"
    if not closing.asked_by:
        return "a hard close is asked for by one and approved by another; see `tieout close --request`"
    missing = missing_approvals(closing.approvals, scene.policy.close_by)
    if missing:
        return f"the close of {act.period} lacks the approval of {either([one or 'controller' for one in missing])}"
    return in_force(state, (act.calendar, act.period), scene)


def ask_reopening(state: State, _: Person, act: acts.ReopenRequested, __: Scene) -> str:
    """Why nobody may ask that a period be reopened; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    if not closing.closed_run or closing.closed_run != act.run:
        return f"{act.period} is not hard-closed by that run"
    if not act.comment.strip():
        return "a reopening needs its reason"
    return f"{closing.reopening_by} asked for it already; two others approve it" if closing.reopening_by else ""


def approve_reopening(state: State, person: Person, act: acts.ReopenApproved, scene: Scene) -> str:
    """Why a reopening may not be approved; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    if not closing.reopening_by or closing.closed_run != act.run:
        return f"nobody asks that {act.period} be reopened"
    if closing.reopening_by == person.id:
        return f"{person.id} asked for it; two others approve it"
    if person.id in {by for by, _ in closing.reopenings}:
        return f"{person.id} approved it already; another must"
    return _as_asked(person, act.role, missing_approvals(closing.reopenings, scene.policy.reopen_by, REOPENING_NEEDS))


def reopen(state: State, _: Person, act: acts.Reopened, scene: Scene) -> str:
    """Why a period may not be opened again; empty if it may."""
    closing = state.closing(act.calendar, act.period)
    missing = missing_approvals(closing.reopenings, scene.policy.reopen_by, REOPENING_NEEDS)
    if not closing.reopening_by or missing:
        return f"the reopening of {act.period} lacks {len(missing)} of the approvals of two others"
    return ""


def keep_closed(state: State, _: Person, act: acts.ReopenRejected, __: Scene) -> str:
    """Why a reopening may not be turned down; empty if it may."""
    return "" if state.closing(act.calendar, act.period).reopening_by else f"nobody asks that {act.period} be reopened"
