"""Where everything stands: the sum of all acts, as one value.

`after` adds one act that was allowed (`refusals.py` says which are). Nothing here knows of files or ledgers, so that
every sequence of acts can be tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.roles import AccessRole

PeriodKey = tuple[str, str]
"""Calendar and name of a period."""

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Happened:
    """An act as it was recorded: its publication, when (UTC, ISO text), and who did it."""

    seq: int
    at: str
    by: str
    act: Act


@dataclass(frozen=True, slots=True)
class Grant:
    """A role somebody holds; an empty company or partner is every one."""

    role: str
    company: str = ""
    partner: str = ""

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds for the books as a whole."""
        return not self.company and not self.partner

    def covers(self, company: str, partner: str) -> bool:
        """Whether it holds for a company's dealings with a partner."""
        return self.company in ("", company) and self.partner in ("", partner)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the books name."""

    id: str
    name: str
    account: str
    is_active: bool = True
    grants: frozenset[Grant] = frozenset()

    def holds(self, role: str) -> tuple[Grant, ...]:
        """How a role was granted, if at all."""
        return tuple(
            sorted((one for one in self.grants if one.role == role), key=lambda one: (one.company, one.partner))
        )


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the rules and of `client.yaml`; `needs` are the roles that must approve it, by different people."""

    id: str
    ruleset: str
    name: str
    author: str
    needs: tuple[str, ...]
    reviewers: tuple[str, ...] = ()
    approvals: tuple[tuple[str, str], ...] = ()
    """Who approved, under which of the roles needed ('' where none is)."""
    active_from: str = ""
    is_rejected: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The roles whose approval is missing."""
        given = {role for _, role in self.approvals}
        return tuple(role for role in self.needs if role not in given)

    @property
    def is_approved(self) -> bool:
        """Whether a period may be closed by it."""
        return not self.is_rejected and bool(self.approvals) and not self.missing

    @property
    def state(self) -> str:
        """Where it stands, in a word."""
        if self.is_rejected:
            return "rejected"
        if self.is_approved:
            return "approved"
        return "reviewed" if self.reviewers else "draft"


@dataclass(frozen=True, slots=True)
class Override:
    """An override and where it stands: proposed, approved, rejected, withdrawn or replaced."""

    proposal: acts.OverrideProposed
    by: str
    at: str
    seq: int
    state: str = "proposed"
    decided_by: str = ""
    decided_at: str = ""
    decided_seq: int = 0
    role: str = ""
    comment: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of what was proposed: an approval names it, so no other proposal has that approval."""
        return digest_of(self.proposal)


@dataclass(frozen=True, slots=True)
class Closing:
    """How far the closing of a period is: who made the last trial, who asked for the close, who agreed."""

    trial: int = 0
    trial_by: str = ""
    asked_by: str = ""
    asked_run: int = 0
    asked_seq: int = 0
    manifest: str = ""
    approvals: tuple[tuple[str, str], ...] = ()
    closed_run: int = 0
    reopening_by: str = ""
    reopenings: tuple[tuple[str, str], ...] = ()
    accepted_by: frozenset[str] = frozenset()
    """Who settled exceptions of the period: they had a part in what is closed."""
    accepted_seq: int = 0
    """The last publication that settled an exception."""
    overridden_seq: int = 0
    """The last publication that decided on an override."""


@dataclass(frozen=True, slots=True)
class Item:
    """What people did about an exception: whose it is, what was said, how it was settled."""

    assigned_to: str = ""
    comments: tuple[tuple[str, str, str], ...] = ()
    """Who said it, when, what."""
    resolution: acts.ExceptionResolved | None = None
    resolved_by: str = ""
    resolved_at: str = ""


def _empty() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class State:
    """Where everything stands; `loads` are the last publication in which each person loaded something, `closes` the
    periods that are closed with the publications that closed them."""

    people: Mapping[str, Person] = field(default_factory=_empty)
    issuers: Mapping[str, str] = field(default_factory=_empty)
    versions: Mapping[str, Version] = field(default_factory=_empty)
    overrides: Mapping[str, Override] = field(default_factory=_empty)
    closings: Mapping[PeriodKey, Closing] = field(default_factory=_empty)
    items: Mapping[tuple[str, str, str], Item] = field(default_factory=_empty)
    loads: Mapping[str, int] = field(default_factory=_empty)
    closes: tuple[tuple[PeriodKey, int], ...] = ()

    @property
    def loaders(self) -> frozenset[str]:
        """Who loaded something since the last hard close."""
        since = self.closes[-1][1] if self.closes else 0
        return frozenset(person for person, seq in self.loads.items() if seq > since)

    @property
    def loaded_seq(self) -> int:
        """The last publication that loaded something."""
        return max(self.loads.values(), default=0)

    @property
    def is_governed(self) -> bool:
        """Whether the books name people: from then on roles are asked for, and nobody approves what he made."""
        return bool(self.people)

    def person_of_account(self, account: str) -> Person | None:
        """The person with an account of the system."""
        return next((one for one in self.people.values() if one.is_active and one.account == account), None)

    def closing(self, calendar: str, period: str) -> Closing:
        """How far the closing of a period is."""
        return self.closings.get((calendar, period), Closing())

    def in_force(self, day: str) -> Version | None:
        """The version a period that begins on a day is closed by: of those approved, the one active latest."""
        found = [one for one in self.versions.values() if one.is_approved and one.active_from <= day]
        return max(found, key=lambda one: one.active_from) if found else None

    def overrides_of(self, calendar: str, period: str) -> tuple[Override, ...]:
        """The overrides of a period, oldest first."""
        return tuple(
            one for one in self.overrides.values() if (one.proposal.calendar, one.proposal.period) == (calendar, period)
        )


def digest_of(act: Act) -> str:
    """The SHA-256 of an act's canonical text."""
    return hashlib.sha256(acts.text_of(act).encode()).hexdigest()


def state_of(happened: Iterable[Happened]) -> State:
    """Where everything stands after acts in their order."""
    state = State()
    for one in happened:
        state = after(state, one)
    return state


def after(state: State, happened: Happened) -> State:
    """Where everything stands after one more act."""
    found = _AFTER.get(type(happened.act))
    return found(state, happened, happened.act) if found is not None else state


def _with(mapping: Mapping[Key, Value], key: Key, value: Value) -> Mapping[Key, Value]:
    return MappingProxyType({**mapping, key: value})


# ---- people ----------------------------------------------------------------------------------------------------------


def _founded(state: State, _: Happened, act: acts.Founded) -> State:
    grants = frozenset({Grant(AccessRole.ADMINISTRATOR.value)})
    return replace(
        state, people=_with(state.people, act.person, Person(act.person, act.name, act.account, True, grants))
    )


def _added(state: State, _: Happened, act: acts.PersonAdded) -> State:
    return replace(state, people=_with(state.people, act.person, Person(act.person, act.name, act.account)))


def _left(state: State, _: Happened, act: acts.PersonLeft) -> State:
    person = replace(state.people[act.person], is_active=False, grants=frozenset())
    return replace(state, people=_with(state.people, act.person, person))


def _granted(state: State, _: Happened, act: acts.RoleGranted) -> State:
    person = state.people[act.person]
    grants = person.grants | {Grant(act.role, act.company, act.partner)}
    return replace(state, people=_with(state.people, act.person, replace(person, grants=grants)))


def _revoked(state: State, _: Happened, act: acts.RoleRevoked) -> State:
    person = state.people[act.person]
    grants = person.grants - {Grant(act.role, act.company, act.partner)}
    return replace(state, people=_with(state.people, act.person, replace(person, grants=grants)))


def _trusted(state: State, _: Happened, act: acts.IssuerTrusted) -> State:
    return replace(state, issuers=_with(state.issuers, act.issuer, act.key))


def _distrusted(state: State, _: Happened, act: acts.IssuerDistrusted) -> State:
    left = {issuer: key for issuer, key in state.issuers.items() if issuer != act.issuer}
    return replace(state, issuers=MappingProxyType(left))


# ---- rules -----------------------------------------------------------------------------------------------------------


def _drafted(state: State, happened: Happened, act: acts.RulesDrafted) -> State:
    before = [one for one in state.versions.values() if one.is_approved]
    # A draft cannot do away with the approval it needs itself.
    inherited = max(before, key=lambda one: one.active_from).needs if before else ()
    needs = tuple(dict.fromkeys((*inherited, *act.needs)))
    version = Version(act.version, act.ruleset, act.name, happened.by, needs)
    return replace(state, versions=_with(state.versions, act.version, version))


def _reviewed(state: State, happened: Happened, act: acts.RulesReviewed) -> State:
    version = state.versions[act.version]
    version = replace(version, reviewers=(*version.reviewers, happened.by))
    return replace(state, versions=_with(state.versions, act.version, version))


def _approved(state: State, happened: Happened, act: acts.RulesApproved) -> State:
    version = state.versions[act.version]
    version = replace(version, approvals=(*version.approvals, (happened.by, act.role)), active_from=act.active_from)
    return replace(state, versions=_with(state.versions, act.version, version))


def _rejected(state: State, _: Happened, act: acts.RulesRejected) -> State:
    version = replace(state.versions[act.version], is_rejected=True)
    return replace(state, versions=_with(state.versions, act.version, version))


# ---- facts, exceptions, overrides ------------------------------------------------------------------------------------


def _loaded(state: State, happened: Happened, _: acts.Loaded) -> State:
    return replace(state, loads=_with(state.loads, happened.by, happened.seq))


def _accepted(state: State, happened: Happened, act: acts.Accepted) -> State:
    closing = state.closing(act.calendar, act.period)
    closing = replace(closing, accepted_by=closing.accepted_by | {happened.by}, accepted_seq=happened.seq)
    return replace(state, closings=_with(state.closings, (act.calendar, act.period), closing))


def _with_item(state: State, act: acts.ExceptionAct, change: Callable[[Item], Item]) -> State:
    key = (act.calendar, act.period, act.exception)
    return replace(state, items=_with(state.items, key, change(state.items.get(key, Item()))))


def _assigned(state: State, _: Happened, act: acts.ExceptionAssigned) -> State:
    return _with_item(state, act, lambda item: replace(item, assigned_to=act.person))


def _commented(state: State, happened: Happened, act: acts.ExceptionCommented) -> State:
    said = (happened.by, happened.at, act.comment)
    return _with_item(state, act, lambda item: replace(item, comments=(*item.comments, said)))


def _resolved(state: State, happened: Happened, act: acts.ExceptionResolved) -> State:
    state = _with_item(
        state, act, lambda item: replace(item, resolution=act, resolved_by=happened.by, resolved_at=happened.at)
    )
    closing = state.closing(act.calendar, act.period)
    closing = replace(closing, accepted_by=closing.accepted_by | {happened.by}, accepted_seq=happened.seq)
    return replace(state, closings=_with(state.closings, (act.calendar, act.period), closing))


def _proposed(state: State, happened: Happened, act: acts.OverrideProposed) -> State:
    overrides = state.overrides
    if act.replaces:
        overrides = _with(overrides, act.replaces, replace(overrides[act.replaces], state="replaced"))
        state = _overridden(state, happened, act)
    proposed = Override(act, happened.by, happened.at, happened.seq)
    return replace(state, overrides=_with(overrides, act.override, proposed))


def _overridden(state: State, happened: Happened, act: acts.OverrideProposed) -> State:
    closing = replace(state.closing(act.calendar, act.period), overridden_seq=happened.seq)
    return replace(state, closings=_with(state.closings, (act.calendar, act.period), closing))


def _decided(to: str) -> Callable[[State, Happened, Any], State]:
    def change(state: State, happened: Happened, act: acts.OverrideAct) -> State:
        role = act.role if isinstance(act, acts.OverrideApproved) else ""
        override = replace(
            state.overrides[act.override], state=to, decided_by=happened.by, decided_at=happened.at,
            decided_seq=happened.seq, role=role, comment=act.comment,
        )  # fmt: skip
        state = replace(state, overrides=_with(state.overrides, act.override, override))
        return _overridden(state, happened, override.proposal)

    return change


# ---- periods ---------------------------------------------------------------------------------------------------------


def _with_closing(state: State, act: acts.PeriodAct, closing: Closing) -> State:
    return replace(state, closings=_with(state.closings, (act.calendar, act.period), closing))


def _tried(state: State, happened: Happened, act: acts.TrialRun) -> State:
    closing = Closing(
        trial=act.run, trial_by=happened.by, accepted_by=state.closing(act.calendar, act.period).accepted_by
    )
    return _with_closing(state, act, closing)


def _asked(state: State, happened: Happened, act: acts.CloseRequested) -> State:
    closing = state.closing(act.calendar, act.period)
    asked = replace(
        closing, asked_by=happened.by, asked_run=act.run, asked_seq=happened.seq, manifest=act.manifest, approvals=()
    )
    return _with_closing(state, act, asked)


def _agreed(state: State, happened: Happened, act: acts.CloseApproved) -> State:
    closing = state.closing(act.calendar, act.period)
    return _with_closing(state, act, replace(closing, approvals=(*closing.approvals, (happened.by, act.role))))


def _turned_down(state: State, _: Happened, act: acts.CloseRejected) -> State:
    closing = state.closing(act.calendar, act.period)
    return _with_closing(state, act, replace(closing, asked_by="", asked_run=0, asked_seq=0, manifest="", approvals=()))


def _closed(state: State, happened: Happened, act: acts.HardClosed) -> State:
    closing = replace(state.closing(act.calendar, act.period), closed_run=act.run)
    closes = (*state.closes, ((act.calendar, act.period), happened.seq))
    return replace(_with_closing(state, act, closing), closes=closes)


def _reopening(state: State, happened: Happened, act: acts.ReopenRequested) -> State:
    closing = state.closing(act.calendar, act.period)
    return _with_closing(state, act, replace(closing, reopening_by=happened.by, reopenings=()))


def _opened(state: State, _: Happened, act: acts.Reopened) -> State:
    accepted = state.closing(act.calendar, act.period).accepted_by
    closes = tuple(one for one in state.closes if one[0] != (act.calendar, act.period))
    return replace(_with_closing(state, act, Closing(accepted_by=accepted)), closes=closes)


def _reopen_agreed(state: State, happened: Happened, act: acts.ReopenApproved) -> State:
    closing = state.closing(act.calendar, act.period)
    return _with_closing(state, act, replace(closing, reopenings=(*closing.reopenings, (happened.by, act.role))))


def _kept_closed(state: State, _: Happened, act: acts.ReopenRejected) -> State:
    closing = state.closing(act.calendar, act.period)
    return _with_closing(state, act, replace(closing, reopening_by="", reopenings=()))


_AFTER: dict[type[Act], Callable[[State, Happened, Any], State]] = {
    acts.Founded: _founded,
    acts.PersonAdded: _added,
    acts.PersonLeft: _left,
    acts.RoleGranted: _granted,
    acts.RoleRevoked: _revoked,
    acts.IssuerTrusted: _trusted,
    acts.IssuerDistrusted: _distrusted,
    acts.RulesDrafted: _drafted,
    acts.RulesReviewed: _reviewed,
    acts.RulesApproved: _approved,
    acts.RulesRejected: _rejected,
    acts.Loaded: _loaded,
    acts.Accepted: _accepted,
    acts.ExceptionAssigned: _assigned,
    acts.ExceptionCommented: _commented,
    acts.ExceptionResolved: _resolved,
    acts.OverrideProposed: _proposed,
    acts.OverrideApproved: _decided("approved"),
    acts.OverrideRejected: _decided("rejected"),
    acts.OverrideWithdrawn: _decided("withdrawn"),
    acts.TrialRun: _tried,
    acts.CloseRequested: _asked,
    acts.CloseApproved: _agreed,
    acts.CloseRejected: _turned_down,
    acts.HardClosed: _closed,
    acts.ReopenRequested: _reopening,
    acts.ReopenApproved: _reopen_agreed,
    acts.Reopened: _opened,
    acts.ReopenRejected: _kept_closed,
}
