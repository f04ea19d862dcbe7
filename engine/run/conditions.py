"""The conditions of a close, weighed: what a run raised, what people decided of it, and what that leaves open.

Pure: from the `close` of a ruleset, the exceptions of a run and the decisions in the books to steps that are done or
open, the limit of a trial, and the conditions of a hard close, each with the words of the rules that state it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from dsl import syntax
from dsl.span import Span

CONTROL = "control"
RECONCILIATION = "reconciliation"
QUARANTINE = "quarantine"
OVERSELL = "oversell"
KINDS = (CONTROL, RECONCILIATION, QUARANTINE, OVERSELL)
"""What an exception may be of. The last two are of no rule, and are outcomes too, which a hard close may need none of
open."""

ROWS_WAIT, BEYOND_STOCK = "rows in quarantine", "units beyond stock"
"""What exceptions that are of no rule are called; the blanks keep them apart from the rules' own names."""

Row = tuple[tuple[str, str | None], ...]
"""What tells a row from others of its kind: names and values of its key, in order."""


CONTENT = "content"
"""The part of a key that tells two files of one name apart: the beginning of the SHA-256 of their bytes."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception of a run: a row that broke a control or that a reconciliation left unresolved, rows of a file that
    wait in quarantine, or units of a pool sold beyond its stock.

    `of` is one of KINDS, `name` its name and `row` the row's key: by these three it is the same exception from run to
    run. `digest` is of everything the rules saw in the row, so it changes when that does.
    `code` is what a control raises, empty for a reconciliation; `outcomes` are what tables decided of the row; `owner`
    is the role it goes to, empty for nobody; `value` is in reporting currency, None where there is none; `place` is
    where the rule stands (file:line, empty where it stands there no more).
    """

    of: str
    name: str
    row: Row
    code: str
    severity: str
    outcomes: tuple[str, ...]
    owner: str
    value: Decimal | None
    sentence: str
    digest: str
    place: str

    @property
    def id(self) -> str:
        """What people call it, as `E-3f09a1c2b4`: the same in every run, whatever else the run raised."""
        return exception_id(self.name, self.row)

    @property
    def where(self) -> str:
        """The values of its key, without those that are missing, and without the period, which all of a run share."""
        return ", ".join(value for name, value in self.row if value is not None and name not in ("period", CONTENT))

    @property
    def lasting(self) -> tuple[str, Row]:
        """What makes it the same exception from period to period."""
        return self.name, tuple((name, value) for name, value in self.row if name != "period")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That somebody accepted an exception as it was: its digest then, why, who and when (UTC, ISO text)."""

    digest: str
    comment: str
    by: str
    at: str


Acceptances = Mapping[tuple[str, Row], Acceptance]
"""The last acceptance of each exception, by the name and row of the exception."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """That somebody settled an exception: its digest then (empty: it was raised no more), the way ('file' or
    'override'), which file or override, who and when (UTC, ISO text).
    """

    digest: str
    way: str
    reference: str
    comment: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Work:
    """What the books know of an exception beside its acceptance: since when it stands, whose it is to look into, what
    was said of it (who, when, what), and the last resolution, also where it counts no more.

    `age` is in days, from `since` to the end of the period.
    """

    since: date | None = None
    age: int = 0
    assigned_to: str = ""
    comments: tuple[tuple[str, str, str], ...] = ()
    resolution: Resolution | None = None


NO_WORK = Work()
Works = Mapping[str, Work]
"""What is known of exceptions by their ids; one that is not in it has NO_WORK."""

OPEN, ASSIGNED, OPEN_AGAIN, ACCEPTED = "open", "assigned", "open again", "accepted"
BY_FILE, BY_OVERRIDE, GONE = "resolved by file", "resolved by override", "raised no more"
STATES = (OPEN, ASSIGNED, OPEN_AGAIN, ACCEPTED, BY_FILE, BY_OVERRIDE, GONE)
"""Where an exception may stand; the first three wait for a decision, and of the last nobody said why it went."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an exception stands; `acceptance` is the last one there is, also where it counts no more.

    `is_raised` is untrue of what an earlier run of the period raised, and the last one no more.
    """

    raised: Raised
    acceptance: Acceptance | None
    work: Work = NO_WORK
    is_raised: bool = True

    @property
    def is_accepted(self) -> bool:
        """Whether it was accepted as it is now."""
        return self.acceptance is not None and self.acceptance.digest == self.raised.digest

    @property
    def is_resolved(self) -> bool:
        """Whether it was resolved as it is now."""
        resolution = self.work.resolution
        return resolution is not None and (not self.is_raised or resolution.digest == self.raised.digest)

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision: none was made, or one about something else than it is now."""
        return self.is_raised and not self.is_accepted and not self.is_resolved

    @property
    def has_changed(self) -> bool:
        """Whether it was decided on and is open again because what it is about has changed."""
        return (self.acceptance is not None or self.work.resolution is not None) and self.is_open

    @property
    def state(self) -> str:
        """Where it stands, as one of STATES."""
        resolution = self.work.resolution
        if self.is_resolved and resolution is not None:
            return BY_FILE if resolution.way == "file" else BY_OVERRIDE
        if not self.is_raised:
            return GONE
        if self.is_accepted:
            return ACCEPTED
        if self.has_changed:
            return OPEN_AGAIN
        return ASSIGNED if self.work.assigned_to else OPEN

    @property
    def decided(self) -> str:
        """The last decision there was, as a clause such as `anna accepted it`; empty where there was none."""
        acceptance, resolution = self.acceptance, self.work.resolution
        if resolution is not None and (acceptance is None or acceptance.at < resolution.at):
            return f"{resolution.by} resolved it by {resolution.reference}"
        return f"{acceptance.by} accepted it" if acceptance is not None else ""


@dataclass(frozen=True, slots=True)
class StepState:
    """A step of the close: done when nothing it needs is open and every step before it is done.

    `by` are roles; `open` are the exceptions of what it needs, `waits_for` the steps before it that are not done.
    """

    name: str
    by: tuple[str, ...]
    needs: tuple[str, ...]
    open: tuple[Standing, ...]
    waits_for: tuple[str, ...]
    span: Span

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.open and not self.waits_for


@dataclass(frozen=True, slots=True)
class TrialLimit:
    """How much of a reconciliation may be unresolved on trial: the sum of its open exceptions without sign, against
    a limit; `unvalued` counts open exceptions that have no value, such as missing reports.
    """

    reconciliation: str
    unresolved: Decimal
    limit: Decimal
    currency: str
    unvalued: int
    span: Span

    @property
    def is_met(self) -> bool:
        """Whether a trial close is within the limit."""
        return self.unresolved <= self.limit


@dataclass(frozen=True, slots=True)
class HardCondition:
    """A condition of a hard close that tieout checks: form is 'every-step' or 'no-open' (`outcome` says of what).

    `steps` are the steps that are not done, `open` the exceptions in its way.
    """

    form: str
    outcome: str
    steps: tuple[str, ...]
    open: tuple[Standing, ...]
    span: Span

    @property
    def is_met(self) -> bool:
        """Whether nothing is in its way."""
        return not self.steps and not self.open


@dataclass(frozen=True, slots=True)
class Approval:
    """A signature that the rules ask for, of `what` ('hard close' or 'reopening'), by a role; people give it."""

    what: str
    role: str
    span: Span


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything the `close` of a ruleset asks of a period, as it stands; without a `close` only the exceptions."""

    standings: tuple[Standing, ...]
    steps: tuple[StepState, ...]
    trial: tuple[TrialLimit, ...]
    hard: tuple[HardCondition, ...]
    approvals: tuple[Approval, ...]

    @property
    def open(self) -> tuple[Standing, ...]:
        """The exceptions that wait for a decision, whether or not a condition asks for them."""
        return tuple(one for one in self.standings if one.is_open)

    @property
    def unmet(self) -> tuple[HardCondition, ...]:
        """The conditions that a hard close does not meet."""
        return tuple(one for one in self.hard if not one.is_met)

    @property
    def allows_hard_close(self) -> bool:
        """Whether every condition that tieout checks is met."""
        return not self.unmet

    @property
    def allows_trial(self) -> bool:
        """Whether what is unresolved is within the limits of a trial close."""
        return all(one.is_met for one in self.trial)

    @property
    def in_the_way(self) -> tuple[Standing, ...]:
        """The open exceptions that keep a hard close from being made, each once."""
        waiting = {step for one in self.unmet for step in one.steps}
        held = [standing for step in self.steps if step.name in waiting for standing in step.open]
        held += [standing for one in self.unmet for standing in one.open]
        ids = {one.raised.id for one in held}
        return tuple(one for one in self.standings if one.raised.id in ids)


def exception_id(name: str, row: Row) -> str:
    """What people call the exception of a control or reconciliation at a row."""
    return f"E-{digest_of([name, *(value for _, value in row)])[:10]}"


def row_text(row: Row) -> str:
    """A key as the books keep it."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def row_of(text: str) -> Row:
    """The key of a text that `row_text` made."""
    return tuple((str(name), None if value is None else str(value)) for name, value in json.loads(text))


def digest_of(content: Iterable[str | None]) -> str:
    """The SHA-256 of texts in order; a missing one is none of them."""
    return hashlib.sha256(json.dumps(list(content), ensure_ascii=False).encode()).hexdigest()


def weigh(
    close: syntax.Close | None,
    raised: Iterable[Raised],
    acceptances: Acceptances,
    works: Works = MappingProxyType({}),
) -> Conditions:
    """What the rules of the close ask, held against the exceptions of a run and what was decided of them."""
    standings = tuple(Standing(one, acceptances.get((one.name, one.row)), works.get(one.id, NO_WORK)) for one in raised)
    opened: dict[str, list[Standing]] = {}
    for one in standings:
        if one.is_open:
            opened.setdefault(one.raised.name, []).append(one)
    lines = close.lines if close is not None else ()
    steps = _steps([line for line in lines if isinstance(line, syntax.Step)], opened)
    hard: list[HardCondition] = []
    approvals: list[Approval] = []
    for line in lines:
        if isinstance(line, syntax.HardNeeds) and line.form == "every-step":
            undone = tuple(step.name for step in steps if not step.is_done)
            hard.append(HardCondition(line.form, "", undone, (), line.span))
        elif isinstance(line, syntax.HardNeeds) and line.form == "no-open":
            hard += [_none_open(line, name.text, standings) for name in line.names]
        elif isinstance(line, syntax.HardNeeds):
            approvals += [Approval("hard close", name.text, line.span) for name in line.names]
        elif isinstance(line, syntax.ReopeningNeeds):
            approvals += [Approval("reopening", name.text, line.span) for name in line.roles]
    trial = tuple(_limit(line, opened) for line in lines if isinstance(line, syntax.TrialAllows))
    return Conditions(standings, steps, trial, tuple(hard), tuple(approvals))


def _steps(lines: Iterable[syntax.Step], opened: Mapping[str, list[Standing]]) -> tuple[StepState, ...]:
    """The steps in the order written, which is the order they are done in: a step stands below those it waits for."""
    found: dict[str, StepState] = {}
    for line in lines:
        held = tuple(one for need in line.needs for one in opened.get(need.text, ()))
        waits = tuple(after.text for after in line.after if not found[after.text].is_done)
        by, needs = (tuple(one.text for one in names) for names in (line.by, line.needs))
        found[line.name.text] = StepState(line.name.text, by, needs, held, waits, line.span)
    return tuple(found.values())


def _none_open(line: syntax.HardNeeds, outcome: str, standings: Iterable[Standing]) -> HardCondition:
    held = tuple(one for one in standings if one.is_open and outcome in one.raised.outcomes)
    return HardCondition(line.form, outcome, (), held, line.span)


def _limit(line: syntax.TrialAllows, opened: Mapping[str, list[Standing]]) -> TrialLimit:
    values = [one.raised.value for one in opened.get(line.reconciliation.text, ())]
    unresolved = sum((abs(value) for value in values if value is not None), Decimal(0))
    unvalued = sum(value is None for value in values)
    unit = line.limit.unit.text
    return TrialLimit(line.reconciliation.text, unresolved, line.limit.number, unit, unvalued, line.span)
