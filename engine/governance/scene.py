"""What an act is judged by beside where everything stands, and words that all judges share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.governance import acts
from engine.governance.state import Person, State

_ID = re.compile(r"[a-z][a-z0-9.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a role of the ruleset may override: rows of a reconciliation worth up to an amount (None: any)."""

    reconciliation: str
    amount: Decimal | None
    currency: str
    needs: tuple[str, ...] = ()
    """What an override must bring: comment, evidence."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules in the client's folder say of approvals; `version` is the hash of them and of `client.yaml`."""

    version: str = ""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    close_by: tuple[str, ...] = ()
    reopen_by: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    """The roles that the ruleset declares."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an act is judged by beside the state: the rules, and on which day each period begins (ISO text)."""

    policy: Policy
    starts: Mapping[tuple[str, str], str]


def unfit(person: str) -> str:
    """Why a text cannot name a person; empty if it can."""
    return "" if _ID.fullmatch(person) else f"`{person}` names nobody; use small letters, digits, dots and hyphens"


def known(state: State, name: str) -> str:
    """Why a name is nobody's who acts in these books; empty if it is somebody's."""
    person = state.people.get(name)
    return (
        "" if person is not None and person.is_active else f"these books do not name {name}; see `tieout people list`"
    )


def either(words: tuple[str, ...] | list[str]) -> str:
    """Roles as a sentence names them."""
    said = [f"{'an' if word[0] in 'aeiou' else 'a'} {word}" for word in words]
    return " or ".join(said) if said else "nobody"


def covers(person: Person, role: str, override: acts.OverrideProposed) -> bool:
    """Whether a person holds a role for the row of an override."""
    return any(grant.covers(override.key("company"), override.key("partner")) for grant in person.holds(role))


def open_period(state: State, act: acts.OverrideProposed | acts.ExceptionAct | acts.Accepted) -> str:
    """Why nothing of a period is decided any more; empty if something can be."""
    closed = state.closing(act.calendar, act.period).closed_run
    return f"{act.period} is hard-closed; nothing of it is decided any more" if closed else ""


def in_force(state: State, period: tuple[str, str], scene: Scene) -> str:
    """Why the rules in the client's folder are not those that hold for a period."""
    version = state.versions.get(scene.policy.version)
    if version is None:
        return "these rules, with client.yaml as it is, were never drafted; `tieout rules draft` puts them forward"
    if not version.is_approved:
        return f"these rules are {version.state}, not approved; see `tieout rules list`"
    if period not in scene.starts:
        return f"{period[1]} was not closed yet, not even on trial; `tieout close {period[1]}` comes first"
    held = state.in_force(scene.starts[period])
    if held is None or held.id != version.id:
        said = f"version {held.id[:10]} does" if held is not None else "no version does"
        return f"these rules do not hold for {period[1]}; {said}, by the days from which versions were approved"
    return ""
