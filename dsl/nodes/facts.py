"""Nodes of the header and of items that say who, where, what exists, what happens and what must agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dsl.nodes.values import (
    Cap,
    Expression,
    Grid,
    LocalAmount,
    Measure,
    Meta,
    Name,
    Node,
    Number,
    Quoted,
    Ref,
    Reversal,
    Scope,
    Tests,
)


@dataclass(frozen=True, slots=True)
class Head(Node):
    """`ruleset NAME version N` and its head lines."""

    name: Name
    version: Decimal
    extends: Name | None
    extends_version: Decimal | None
    owner: Name | None
    currency: Name | None
    effective_from: date | None
    rounding: Name | None
    open_to_overlays: tuple[Ref, ...]
    approval_by: tuple[Ref, ...]
    no_self_approval: bool
    overrides_lapse: Measure | None
    conversion: HeadConversion | None


@dataclass(frozen=True, slots=True)
class HeadConversion(Node):
    """`lines convert at R rate on the posting date, non-monetary lines of a layer on its F, difference to ROLE`.

    `layer_date` is None where the text says nothing of layers.
    """

    rates: Name
    layer_date: Name | None
    difference: Name


@dataclass(frozen=True, slots=True)
class Item(Node):
    """A top-level item."""

    name: Name


@dataclass(frozen=True, slots=True)
class Role(Item):
    """`role NAME may override R up to M with comment and evidence`."""

    overrides: Name | None
    limit: Measure | None
    needs: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Citation(Item):
    """`citation NAME "..." replaces "..."`."""

    texts: tuple[Quoted, ...]
    replaces: tuple[Quoted, ...]


@dataclass(frozen=True, slots=True)
class CalendarWeeks(Node):
    """`weeks 4-4-5, year ends ...`: `nearest` is (weekday, day, month), `last` is (weekday, month); joins 0 = last."""

    pattern: str
    nearest: tuple[Name, Number, Name] | None
    last: tuple[Name, Name] | None
    extra_week: Number
    joins_period: Number | None
    named_by: str


@dataclass(frozen=True, slots=True)
class CalendarMonths(Node):
    """`months, year ends 31 december`."""

    day: Number
    month: Name
    named_by: str


@dataclass(frozen=True, slots=True)
class CalendarZone(Node):
    """`days begin at midnight in ZONE`."""

    zone: str


@dataclass(frozen=True, slots=True)
class CalendarWorkingDays(Node):
    """`working days monday, ... except holiday`."""

    days: tuple[Ref, ...]
    except_register: Name | None


CalendarLine = CalendarWeeks | CalendarMonths | CalendarZone | CalendarWorkingDays


@dataclass(frozen=True, slots=True)
class Calendar(Item):
    """`calendar NAME` and its lines."""

    lines: tuple[CalendarLine, ...]


@dataclass(frozen=True, slots=True)
class Rates(Item):
    """A rate set, `quoted to Q`: 1 of a row's currency in Q; with `from_quoted` `quoted from Q`: 1 Q in the row's."""

    feed: Name
    quoted_to: Name
    stale_after: Measure
    crossed_through: Name | None
    from_quoted: bool


@dataclass(frozen=True, slots=True)
class Unit(Item):
    """`unit reel is part.pieces-per-reel units`."""

    factor: Number | Ref
    of: Name


@dataclass(frozen=True, slots=True)
class Book(Item):
    """`book NAME on top of B never posts`."""

    on_top_of: Name | None
    posts: bool


@dataclass(frozen=True, slots=True)
class TypeWords(Node):
    """`one of a, b` (form 'one-of'), `yes or no` (form 'yes-no'), or a type's name (form 'name')."""

    form: str
    names: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class TermLine(Node):
    """`a, b are money`."""

    names: tuple[Ref, ...]
    type: TypeWords


@dataclass(frozen=True, slots=True)
class Terms(Node):
    """`terms` and its lines."""

    lines: tuple[TermLine, ...]


@dataclass(frozen=True, slots=True)
class FieldLine(Node):
    """`has a, b and perhaps c`."""

    required: tuple[Ref, ...]
    perhaps: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Register(Item):
    """What exists: `history` for `with history by date`, `bands_by` for `with bands by F`."""

    identity: tuple[Ref, ...]
    history: bool
    bands_by: Name | None
    fields: tuple[FieldLine, ...]


@dataclass(frozen=True, slots=True)
class Movement(Node):
    """`moves A to B [of RECEIVER]`, `moves nothing`, `states A`, `tells of B`: form is 'moves', 'nothing', 'states'
    or 'tells', which moves nothing either and names in `told` what the books tell of.
    """

    form: str
    source: Name | None
    target: Name | None
    receiver: Name | None
    told: Name | None = None


@dataclass(frozen=True, slots=True)
class Kind(Item):
    """What happens."""

    movement: Movement
    on: Name
    identity: tuple[Ref, ...]
    fields: tuple[FieldLine, ...]


@dataclass(frozen=True, slots=True)
class Stock(Node):
    """`stock for each ...` and its buckets."""

    scope: Scope
    buckets: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Carry(Node):
    """`carry a, b`."""

    names: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class LeaveOrder(Node):
    """`leave oldest first by k, then ...`: which is oldest, newest or dearest."""

    which: str
    by: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class LeaveAt(Node):
    """`leave at average` or `leave at standard`."""

    which: str


@dataclass(frozen=True, slots=True)
class LeaveBy(Node):
    """`leave by F when T`."""

    field: Name
    when: Tests


@dataclass(frozen=True, slots=True)
class BringBack(Node):
    """`K brings back the units last sold, in their old place` / `at the back` (place 'old' or 'back')."""

    kind: Name
    place: str


@dataclass(frozen=True, slots=True)
class TakeLayer(Node):
    """`K takes the layer of F, else the oldest/newest`."""

    kind: Name
    field: Name
    otherwise: str


@dataclass(frozen=True, slots=True)
class ChangeCarried(Node):
    """`K changes C of units held on D to/by E`: form is 'to' or 'by'."""

    kind: Name
    carried: Name
    on: Name
    form: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Oversell(Node):
    """`units sold beyond stock ...`: form is 'stop', 'wait' or 'last-price' (then settles to a role)."""

    form: str
    settles_to: Name | None


@dataclass(frozen=True, slots=True)
class Overreturn(Node):
    """`units returned beyond sales ...`: form is 'stop' or 'open-layer'."""

    form: str


@dataclass(frozen=True, slots=True)
class LateFacts(Node):
    """`late facts ...`: form is 'recompute' or 'catch-up'."""

    form: str


@dataclass(frozen=True, slots=True)
class Leftover(Node):
    """`leftover cents ...`: form is 'running' or 'apart' (then to a role)."""

    form: str
    role: Name | None


@dataclass(frozen=True, slots=True)
class IgnoreMarked(Node):
    """`ignore facts marked W when T`."""

    mark: Name
    when: Tests


Policy = (
    Carry
    | LeaveOrder
    | LeaveAt
    | LeaveBy
    | BringBack
    | TakeLayer
    | ChangeCarried
    | Oversell
    | Overreturn
    | LateFacts
    | Leftover
    | IgnoreMarked
)


@dataclass(frozen=True, slots=True)
class Layers(Item):
    """Valuation of a set of buckets."""

    over: tuple[Ref, ...]
    scope: Scope
    policies: tuple[Policy, ...]
    meta: Meta


@dataclass(frozen=True, slots=True)
class Accounts(Item):
    """The chart: role, account, title, type, normal side, nature."""

    grid: Grid


@dataclass(frozen=True, slots=True)
class Compares(Node):
    """`compares expected E with reported R, latest within N of D`."""

    expected: Expression
    reported: Ref
    within: Measure | None
    of: Expression | None


@dataclass(frozen=True, slots=True)
class OpensFrom(Node):
    """`opens from W closing stock` (W is adjusted, reported or calculated)."""

    which: Name


@dataclass(frozen=True, slots=True)
class ReportedIncludes(Node):
    """`reported includes B when T`."""

    bucket: Ref
    when: Tests


@dataclass(frozen=True, slots=True)
class Stages(Node):
    """`stages a, b, c`."""

    names: tuple[Ref, ...]


ReconciliationLine = Compares | OpensFrom | ReportedIncludes | Stages | LocalAmount


@dataclass(frozen=True, slots=True)
class Reconciliation(Item):
    """Expected against reported."""

    scope: Scope
    calendar: Name
    lines: tuple[ReconciliationLine, ...]
    meta: Meta


@dataclass(frozen=True, slots=True)
class Twins(Node):
    """`when two agree on a, b and their F differs by at most M`."""

    agree_on: tuple[Ref, ...]
    field: Name
    within: Measure


@dataclass(frozen=True, slots=True)
class Action(Node):
    """What an adjustment does.

    form: 'exclude', 'exclude-twin' (`which` by `by`), 'date', 'count' (value), 'record' (name, value, dated),
    'split' (name), 'replace' (name, value).
    """

    form: str
    name: Name | None
    by: Name | None
    value: Expression | None
    dated: Expression | None


@dataclass(frozen=True, slots=True)
class Adjustment(Item):
    """One change to facts in one stage."""

    reconciliation: Name
    stage: Name
    scope: Scope
    when: Tests | Twins
    action: Action
    marked: Name | None
    reverses: Reversal | None
    caps: tuple[Cap, ...]
    meta: Meta


@dataclass(frozen=True, slots=True)
class Control(Item):
    """A sentence that must hold: raise `code` at `severity` to `role`."""

    scope: Scope
    when: Tests | None
    needs: Tests
    code: Name
    severity: Name
    role: Name
    meta: Meta
