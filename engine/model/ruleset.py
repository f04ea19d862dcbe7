"""The model: a ruleset with every name bound and every type known, one frozen record for each construct.

Anything that parses is modelled, so that checks see it all; `engine.plan.refusals` refuses what does not run yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from dsl import syntax
from dsl.span import Span
from engine.ledger.calendar import Calendar
from engine.model.datatypes import DataType
from engine.model.expression import Expression, Grain, TestsOf
from engine.model.schema import Record


@dataclass(frozen=True, slots=True)
class Meta:
    """What every rule says of itself: version, effective dates (both inclusive), reason, citations by name.

    `dated` where the rule states its dates itself or lies beside other versions of its name: it then answers on no
    other day. Dates that are the header's default bind adjustments, controls, journals and exceptions only.
    """

    version: Decimal | None = None
    effective_from: date | None = None
    effective_through: date | None = None
    why: str = ""
    cites: tuple[str, ...] = ()
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """Any named thing of a ruleset: its name and where it stands."""

    name: str
    span: Span
    meta: Meta


@dataclass(frozen=True, slots=True)
class Register(Item):
    """What exists. `record` is its shape; `history` has a `date` column; `bands_by` its band column or ''."""

    record: Record
    history: bool
    bands_by: str


@dataclass(frozen=True, slots=True)
class Kind(Item):
    """What happens. form: 'moves', 'nothing', 'states'; buckets, receiver, what the books tell of; or ''."""

    record: Record
    form: str
    source: str
    target: str
    receiver: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """The buckets and the keys they are kept by."""

    span: Span
    keys: tuple[str, ...]
    buckets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """`KIND changes CARRIED of units held on F to/by E`: value is bound in the grain of (layer, KIND)."""

    span: Span
    kind: str
    carried: str
    on: str
    form: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Layers(Item):
    """Valuation of a set of buckets; every question answered once (T320).

    order 'oldest', 'newest', 'dearest', 'average' or 'standard', by the fields of `order_by`; `leave_by` are (field,
    test) pairs, the test bound in a grain whose rows are the kinds that leave; `brings_back` maps a kind to 'old' or
    'back'; `takes` maps a kind to (field, 'oldest'|'newest'); oversell 'stop', 'wait', 'last-price' (settles to
    `settles_to`); overreturn 'stop' or 'open-layer'; late 'catch-up' or 'recompute'; leftover 'running' or 'apart' (to
    `leftover_to`); `ignores` are (mark, test bound in the grain of the pool) pairs. `opening_kinds`, `leaving_kinds`,
    `returning_kinds`, `transfer_kinds` follow from the movements.
    """

    buckets: tuple[str, ...]
    grain: Grain
    carried: tuple[str, ...]
    order: str
    order_by: tuple[str, ...]
    leave_by: tuple[tuple[str, TestsOf], ...]
    brings_back: tuple[tuple[str, str], ...]
    takes: tuple[tuple[str, str, str], ...]
    changes: tuple[Change, ...]
    oversell: str
    settles_to: str
    overreturn: str
    late: str
    leftover: str
    leftover_to: str
    ignores: tuple[tuple[str, TestsOf], ...]
    opening_kinds: tuple[str, ...]
    leaving_kinds: tuple[str, ...]
    returning_kinds: tuple[str, ...]
    transfer_kinds: tuple[str, ...] = ()
    """Kinds that hand units to another pool inside the covered buckets (`moves A to A of receiver`)."""
    phrases: tuple[tuple[str, Span], ...] = ()
    """Where each phrase stands, by the name of its node in dsl.syntax, in order of writing."""


@dataclass(frozen=True, slots=True)
class Account:
    """One role of the chart: account number, title, type, normal side ('debit'/'credit'), monetary or not."""

    role: str
    number: str
    title: str
    type: str
    normal: str
    monetary: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Local:
    """A local amount, in order of writing."""

    name: str
    span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Reconciliation(Item):
    """Expected against reported. Locals are visible as `siso.value`; `expected`, `reported` are its own two fields."""

    grain: Grain
    expected: Expression
    reported: Expression
    reported_kind: str
    within: int | None
    moment: Expression | None
    opens_from: str
    includes: tuple[tuple[str, TestsOf], ...]
    stages: tuple[str, ...]
    locals: tuple[Local, ...]


@dataclass(frozen=True, slots=True)
class Cap:
    """form 'capped', 'floored' or 'running' (then `keys` is its scope; the limit is read in that scope's grain)."""

    span: Span
    form: str
    limit: Expression
    grain: Grain | None


@dataclass(frozen=True, slots=True)
class TwinTest:
    """`two agree on FIELDS and their FIELD differs by at most N days`."""

    span: Span
    agree_on: tuple[Expression, ...]
    field: str
    within: int


@dataclass(frozen=True, slots=True)
class Action:
    """What an adjustment does: form as in dsl.syntax.Action; expressions bound in the adjustment's grain."""

    form: str
    name: str
    by: str
    value: Expression | None
    dated: Expression | None


@dataclass(frozen=True, slots=True)
class Adjustment(Item):
    """One change to facts in one stage of a reconciliation."""

    reconciliation: str
    stage: str
    grain: Grain
    when: TestsOf | None
    twins: TwinTest | None
    action: Action
    mark: str
    reverses_on: Expression | None
    caps: tuple[Cap, ...]


@dataclass(frozen=True, slots=True)
class Control(Item):
    """A sentence that must hold for each row of its grain."""

    grain: Grain
    when: TestsOf | None
    needs: TestsOf
    code: str
    severity: str
    role: str


@dataclass(frozen=True, slots=True)
class CellTest:
    """One cell of a table row: form 'any', 'missing', 'compare' (operator, value), 'range' (low at least, high under),
    'values' (one of)."""

    form: str
    operator: str
    values: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TableRow:
    """A named row: one test for each input, one value for each output (None is `nobody`).

    `meta` is that of the version of the table it stands in, where there are several.
    """

    name: str
    span: Span
    cells: tuple[CellTest, ...]
    outputs: tuple[Expression | None, ...]
    meta: Meta | None = None


@dataclass(frozen=True, slots=True)
class Table(Item):
    """Outputs from inputs, exactly one row for each row of the grain."""

    grain: Grain
    inputs: tuple[Expression, ...]
    outputs: tuple[tuple[str, DataType], ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True)
class Gift:
    """`gives E to K when T`, bound in the grain of the parts."""

    value: Expression
    when: TestsOf


@dataclass(frozen=True, slots=True)
class Shares:
    """How a whole is shared: gifts first, then `value` (None: the rest) over `over` by `weight`."""

    over: str
    part_grain: Grain
    gifts: tuple[Gift, ...]
    value: Expression | None
    weight: Expression
    when: TestsOf | None
    leftover: str
    ties: str


@dataclass(frozen=True, slots=True)
class ExceptionRule(Item):
    """One exception as bound for one parent item: `to` names the items and exceptions it defeats.

    Either `value` (with caps) or `shares` is the answer. In a decision the answer is a value of the outcomes. A later
    version of the parent itself is kept as one too: it stands in for the usual answer from its date on.
    """

    to: tuple[str, ...]
    when: TestsOf | None
    value: Expression | None
    caps: tuple[Cap, ...]
    shares: Shares | None
    is_version: bool = False


@dataclass(frozen=True, slots=True)
class Decision(Item):
    """One of closed outcomes; `usual` answers unless excepted; `as_of` names the governing date ('' for a moment)."""

    grain: Grain
    type: DataType
    as_of: str
    as_of_moment: Expression | None
    usual: Expression
    exceptions: tuple[ExceptionRule, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A column of a parameter: an enumeration value, a register key, 'any', or a range of a banded type."""

    name: str
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Parameter(Item):
    """A number by date, and by column: `column_key` is what selects the column (None where one column `any`)."""

    type: DataType
    column_key: Expression | None
    key_name: str
    band_type: DataType | None
    bands: tuple[Band, ...]
    rows: tuple[tuple[date, tuple[Expression, ...]], ...]
    row_spans: tuple[Span, ...]
    review_by: date
    exceptions: tuple[ExceptionRule, ...]
    grain: Grain
    """Keys: the column's, and every name its exceptions read of whoever reads the parameter."""


@dataclass(frozen=True, slots=True)
class Amount(Item):
    """A named number, date, price or text at a grain."""

    grain: Grain
    type: DataType
    when: TestsOf | None
    value: Expression
    caps: tuple[Cap, ...]
    exceptions: tuple[ExceptionRule, ...]


@dataclass(frozen=True, slots=True)
class Allocation(Item):
    """A whole shared over parts; readable as a field of the part's row."""

    grain: Grain
    type: DataType
    shares: Shares
    exceptions: tuple[ExceptionRule, ...]


@dataclass(frozen=True, slots=True)
class PostingLine:
    """`debit ROLE E`: the role is a Literal or a field of type role."""

    span: Span
    side: str
    role: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class TrueUp:
    """`true up ROLE to E, offset to ROLE`."""

    span: Span
    role: Expression
    target: Expression
    offset: Expression


@dataclass(frozen=True, slots=True)
class Journal(Item):
    """What is posted; `lines` in order of writing."""

    grain: Grain
    posts_on: Expression
    calendar: str
    when: TestsOf | None
    converts: tuple[str, Expression] | None
    company_currency_only: bool
    locals: tuple[Local, ...]
    lines: tuple[PostingLine | TrueUp, ...]
    negative_swaps: bool
    reverses_on: Expression | None


@dataclass(frozen=True, slots=True)
class Report(Item):
    """`shows`: expressions by name; `rolls`: roles and the key their movement is split by."""

    grain: Grain
    shows: tuple[tuple[str, Expression], ...]
    rolls: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Citation(Item):
    """An authority: its texts and the legacy texts it replaces."""

    texts: tuple[str, ...]
    replaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role(Item):
    """A role of people: which reconciliation it may override, up to how much (None: without limit), with what."""

    overrides: str
    limit: Decimal | None
    limit_currency: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateSet(Item):
    """A rate set: 1 of a row's currency is `rate` of the currency it is quoted to, from its date until it is stale.

    With `from_quoted` it is the other way round: 1 of the currency it is quoted from is `rate` of the row's.

    `stale_after` is in days; `crossed_through` is the currency through which two others meet, or ''.
    """

    feed: str
    quoted_to: str
    stale_after: int
    crossed_through: str
    from_quoted: bool
    record: Record


@dataclass(frozen=True, slots=True)
class UnitOfMeasure(Item):
    """`unit reel is part.pieces-per-reel units`: the factor is a number or a path."""

    factor: Decimal | str
    of: str


@dataclass(frozen=True, slots=True)
class Book(Item):
    """A full set of results."""

    on_top_of: str
    posts: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of the merged ruleset says."""

    name: str
    version: Decimal
    owner: str
    currency: str
    effective_from: date | None
    rounding: str
    open_to_overlays: tuple[str, ...]
    approval_by: tuple[str, ...]
    no_self_approval: bool
    overrides_lapse: int | None
    conversion: syntax.HeadConversion | None
    lineage: tuple[tuple[str, Decimal], ...]
    """The chain of rulesets merged, from base to overlay: (name, version)."""
    span: Span


@dataclass(frozen=True)
class Ruleset:
    """A whole ruleset, bound. Mappings are by item name; `texts`, which are hashed, are (file, text), base first."""

    head: Head
    citations: dict[str, Citation]
    roles: dict[str, Role]
    calendars: dict[str, Calendar]
    rates: dict[str, RateSet]
    units: dict[str, UnitOfMeasure]
    books: dict[str, Book]
    terms: dict[str, DataType]
    registers: dict[str, Register]
    kinds: dict[str, Kind]
    stock: Stock | None
    layers: dict[str, Layers]
    accounts: dict[str, Account]
    reconciliations: dict[str, Reconciliation]
    adjustments: dict[str, Adjustment]
    controls: dict[str, Control]
    tables: dict[str, Table]
    decisions: dict[str, Decision]
    parameters: dict[str, Parameter]
    amounts: dict[str, Amount]
    allocations: dict[str, Allocation]
    journals: dict[str, Journal]
    reports: dict[str, Report]
    close: syntax.Close | None
    scenarios: dict[str, syntax.Scenario]
    examples: tuple[syntax.Example, ...]
    texts: tuple[tuple[str, str], ...] = field(repr=False)
    trees: tuple[syntax.RulesetText, ...] = field(repr=False)
