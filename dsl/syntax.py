"""The syntax tree: what the text says, word for word, a span on every node and no behaviour.

Literals are kept as the values they denote (`5.0%` is `Decimal("0.050")`) and, where the canonical text needs it,
as written. Names are kebab-case text. Nothing here is resolved: that is the model's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dsl.span import Span


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands in a text."""

    span: Span


@dataclass(frozen=True, slots=True)
class Name(Node):
    """One word: a name as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Quoted(Node):
    """A string, without its quotation marks."""

    text: str


# ---- expressions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """A name or a path: `partner.region`, `period`, `layer.unit-price`."""

    parts: tuple[Name, ...]

    @property
    def text(self) -> str:
        """The path as written."""
        return ".".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Measure(Node):
    """A number with its unit: `5 units`, `500 USD`, `3 days`."""

    number: Decimal
    unit: Name
    written: str


@dataclass(frozen=True, slots=True)
class Percent(Node):
    """A rate written in per cent; `value` is the fraction (5% is 0.05)."""

    value: Decimal
    written: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A bare number."""

    value: Decimal
    written: str


@dataclass(frozen=True, slots=True)
class DateLiteral(Node):
    """An ISO date."""

    value: date


@dataclass(frozen=True, slots=True)
class PeriodLiteral(Node):
    """A period by name: `FY2026-P01`, `FY2026-Q2`, `FY2026`."""

    text: str


@dataclass(frozen=True, slots=True)
class Moment(Node):
    """An edge of a calendar span: `period end`, `previous quarter start`; `shift` is '', 'previous' or 'next'."""

    shift: str
    unit: str
    edge: str


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic: operator is one of `+ - * /`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """A minus sign."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class AtRate(Node):
    """`at RATES rate on MOMENT`."""

    rates: Name
    on: Expression


@dataclass(frozen=True, slots=True)
class Convert(Node):
    """`X converted to C at R rate on D`."""

    value: Expression
    currency: Ref
    at: AtRate


@dataclass(frozen=True, slots=True)
class OnDate(Node):
    """`x on D`: a dated value as at the end of D."""

    value: Ref
    on: Expression


@dataclass(frozen=True, slots=True)
class Band(Node):
    """`r at the band of V`, or with `through` `r band by band over V`."""

    value: Ref
    of: Expression
    through: bool


@dataclass(frozen=True, slots=True)
class AtExtreme(Node):
    """`x at the latest d`: extreme is one of earliest, latest, highest, lowest."""

    value: Ref
    extreme: str
    by: Ref


@dataclass(frozen=True, slots=True)
class Rounded(Node):
    """`rounded(E)`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`lower of (a, b)`: which is one of lower, higher, earlier, later."""

    which: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Window(Node):
    """`within last N U` (last) or `since A through B` (since, through)."""

    last: Measure | None
    since: Expression | None
    through: Expression | None


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """`sum of X`, `count of (X where T) within last 3 periods`: function is one of sum, count, average."""

    function: str
    value: Expression
    where: Tests | None
    window: Window | None


@dataclass(frozen=True, slots=True)
class BalanceOf(Node):
    """`balance of ROLE`, with `in company currency`."""

    role: Ref
    company_currency: bool


@dataclass(frozen=True, slots=True)
class Absolute(Node):
    """`absolute X`."""

    value: Ref


Expression = (
    Ref | Measure | Percent | Number | DateLiteral | PeriodLiteral | Moment | Binary | Negate | Convert | OnDate | Band
    | AtExtreme | Rounded | Choice | Aggregate | BalanceOf | Absolute
)  # fmt: skip


# ---- tests -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`left is [not] right` and its kin: operator is one of is, is-not, at-least, at-most, under, over, before, after."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class OneOf(Node):
    """`left is [not] one of a, b`."""

    left: Expression
    negated: bool
    options: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class IsMissing(Node):
    """`left is [not] missing`."""

    left: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class Match(Node):
    """`k` or `k as f` of an `exists for`."""

    key: Ref
    as_field: Name | None


@dataclass(frozen=True, slots=True)
class Exists(Node):
    """`a K exists for k1, k2 as f before D`, or with `negated` `no K exists ...`."""

    negated: bool
    name: Name
    matches: tuple[Match, ...]
    before: Expression | None


Test = Comparison | OneOf | IsMissing | Exists


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """One test, or several joined by one word: `joined` is '', 'and' or 'or'."""

    tests: tuple[Test, ...]
    joined: str


# ---- grids -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnyCell(Node):
    """`any`, `nobody` or `missing`: `word` says which."""

    word: str


@dataclass(frozen=True, slots=True)
class CompareCell(Node):
    """`under E`, `over E`, `before E`, `after E`, `at least E`, `at most E`."""

    operator: str
    value: Expression


@dataclass(frozen=True, slots=True)
class RangeCell(Node):
    """`500 to under 10,000 USD`: closed below, open above; the unit is that of the upper bound."""

    low: Number | Percent
    high: Measure | Percent


@dataclass(frozen=True, slots=True)
class ValueCell(Node):
    """One value, or several alternatives."""

    values: tuple[Expression, ...]


Cell = AnyCell | CompareCell | RangeCell | ValueCell | Quoted


@dataclass(frozen=True, slots=True)
class Row(Node):
    """One line of a grid; `outputs` are the cells behind `=>`, empty where there is none."""

    cells: tuple[Cell, ...]
    outputs: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid(Node):
    """A head and its rows; cells of the head are value cells or `absolute X`."""

    head: Row
    rows: tuple[Row, ...]


# ---- what items share --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope(Node):
    """`for each ...`: `form` is 'names', 'layer' (names behind it) or 'touched' (the kinds)."""

    form: str
    names: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Meta(Node):
    """`version`, `effective`, `why`, `cites` of one item; each may be absent."""

    version: Decimal | None
    effective_from: date | None
    effective_through: date | None
    why: Quoted | None
    cites: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class OrElse(Node):
    """`, but E when T`."""

    value: Expression
    when: Tests


@dataclass(frozen=True, slots=True)
class Answer(Node):
    """`is E, but F when T` or `becomes E, but F when T`."""

    value: Expression
    otherwise: OrElse | None


@dataclass(frozen=True, slots=True)
class Cap(Node):
    """`capped at E`, `floored at E` (form), or the running limit (form 'running', with its scope)."""

    form: str
    limit: Expression
    scope: Scope | None


@dataclass(frozen=True, slots=True)
class Gift(Node):
    """`gives E to K when T`."""

    value: Expression
    to: Name
    when: Tests


@dataclass(frozen=True, slots=True)
class Spread(Node):
    """`spreads X over P in proportion to W when T`, leftovers by largest remainder; value None is `the rest`."""

    value: Expression | None
    over: Name
    weight: Expression
    when: Tests | None
    leftover: str
    ties: Name


@dataclass(frozen=True, slots=True)
class LocalAmount(Node):
    """`amount x is E` inside another item."""

    name: Name
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reversal(Node):
    """`reverses on D`."""

    on: Expression


# ---- items -------------------------------------------------------------------------------------------------------


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
    """`lines convert at R rate on the posting date, non-monetary lines of a layer on its F, difference to ROLE`."""

    rates: Name
    layer_date: Name
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
    """A rate set."""

    feed: Name
    quoted_to: Name
    stale_after: Measure
    crossed_through: Name | None


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
    """`moves A to B [of RECEIVER]`, `moves nothing`, `states A`: form is 'moves', 'nothing' or 'states'."""

    form: str
    source: Name | None
    target: Name | None
    receiver: Name | None


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


@dataclass(frozen=True, slots=True)
class Table(Item):
    """Outputs from inputs, exactly one row."""

    decides: tuple[Ref, ...]
    scope: Scope
    grid: Grid
    meta: Meta


@dataclass(frozen=True, slots=True)
class Decision(Item):
    """One of closed outcomes, decided as of a date; usual answer first, exceptions elsewhere."""

    scope: Scope
    outcomes: tuple[Ref, ...]
    as_of: Expression
    usual: Ref
    meta: Meta


@dataclass(frozen=True, slots=True)
class Body(Node):
    """The inside of an amount, allocation or exception: an answer with caps, or gifts and a spread."""

    when: Tests | None
    answer: Answer | None
    caps: tuple[Cap, ...]
    gifts: tuple[Gift, ...]
    spread: Spread | None
    meta: Meta


@dataclass(frozen=True, slots=True)
class Exception_(Item):
    """A different answer to one or more named items."""

    to: tuple[Ref, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Parameter(Item):
    """A number by date, and by one enumeration (`scope`) or by band of a type (`band_of`)."""

    type: Name
    scope: Scope | None
    band_of: Name | None
    grid: Grid
    review_by: date
    meta: Meta


@dataclass(frozen=True, slots=True)
class Amount(Item):
    """A named number, date or price; calendar is the word behind `in`, if any."""

    scope: Scope
    calendar: Name | None
    body: Body


@dataclass(frozen=True, slots=True)
class Allocation(Item):
    """A whole shared over parts."""

    scope: Scope
    body: Body


@dataclass(frozen=True, slots=True)
class Converts(Node):
    """`converts at R rate on D` (at), or `books company currency only` (at None)."""

    at: AtRate | None


@dataclass(frozen=True, slots=True)
class PostingLine(Node):
    """`debit ROLE E` or `credit ROLE E`."""

    side: str
    role: Ref
    value: Expression


@dataclass(frozen=True, slots=True)
class TrueUpLine(Node):
    """`true up ROLE to E, offset to ROLE`."""

    role: Ref
    target: Expression
    offset: Ref


@dataclass(frozen=True, slots=True)
class Journal(Item):
    """What is posted."""

    scope: Scope
    posts_on: Expression
    calendar: Name
    when: Tests | None
    converts: Converts | None
    locals: tuple[LocalAmount, ...]
    lines: tuple[PostingLine | TrueUpLine, ...]
    negative_swaps: bool
    reverses: Reversal | None
    meta: Meta


@dataclass(frozen=True, slots=True)
class Shows(Node):
    """`shows a, b`."""

    names: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Rolls(Node):
    """`rolls a, b by journal`."""

    names: tuple[Ref, ...]
    by: Name | None


@dataclass(frozen=True, slots=True)
class Report(Item):
    """What is shown."""

    scope: Scope
    calendar: Name | None
    lines: tuple[Shows | Rolls, ...]
    meta: Meta


@dataclass(frozen=True, slots=True)
class Step(Node):
    """`step NAME by roles needs controls after steps`."""

    name: Name
    by: tuple[Ref, ...]
    needs: tuple[Ref, ...]
    after: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class TrialAllows(Node):
    """`trial close allows unresolved R up to M`."""

    reconciliation: Name
    limit: Measure


@dataclass(frozen=True, slots=True)
class HardNeeds(Node):
    """`hard close needs ...`: form is 'no-open' (names: the treatment), 'every-step' or 'approval' (names: roles)."""

    form: str
    names: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class ReopeningNeeds(Node):
    """`reopening needs approval by ...`."""

    roles: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class CorrectionsPostNext(Node):
    """`after hard close corrections post to the next open period`."""


CloseLine = Step | TrialAllows | HardNeeds | ReopeningNeeds | CorrectionsPostNext


@dataclass(frozen=True, slots=True)
class Close(Item):
    """Conditions of trial and hard close, for one calendar (`name`)."""

    lines: tuple[CloseLine, ...]


@dataclass(frozen=True, slots=True)
class SetParameter(Node):
    """`set P to E from D`."""

    name: Name
    value: Expression
    effective_from: date


@dataclass(frozen=True, slots=True)
class ReplaceItem(Node):
    """`replace X with E`."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Project(Node):
    """`project K forward N periods at E a week`."""

    kind: Name
    forward: Measure
    at: Expression


@dataclass(frozen=True, slots=True)
class InLayers(Node):
    """`in L POLICY`."""

    layers: Name
    policy: Policy


@dataclass(frozen=True, slots=True)
class ShowsBy(Node):
    """`shows a, b by c`."""

    names: tuple[Ref, ...]
    by: tuple[Ref, ...]


ScenarioLine = SetParameter | ReplaceItem | Project | InLayers | ShowsBy


@dataclass(frozen=True, slots=True)
class Scenario(Item):
    """What if."""

    on: Name
    lines: tuple[ScenarioLine, ...]


@dataclass(frozen=True, slots=True)
class Given(Node):
    """`given NAME` and its rows."""

    name: Name
    grid: Grid


@dataclass(frozen=True, slots=True)
class ExpectRows(Node):
    """`expect [FAMILY] NAME` and its rows; family is '' where only one word stands."""

    family: Name | None
    name: Name
    grid: Grid


@dataclass(frozen=True, slots=True)
class ExpectNoOther(Node):
    """`expect no [other] NAME`."""

    name: Name
    other: bool


@dataclass(frozen=True, slots=True)
class Example(Node):
    """What must come out."""

    title: Quoted
    case: Quoted | None
    givens: tuple[Given, ...]
    run: PeriodLiteral
    under: Name | None
    expects: tuple[ExpectRows | ExpectNoOther, ...]


@dataclass(frozen=True, slots=True)
class WithdrawRow(Node):
    """`withdraw row NAME` (or the from-date of a parameter's row)."""

    name: Cell


@dataclass(frozen=True, slots=True)
class AddRow(Node):
    """`add row | ... |`."""

    row: Row


@dataclass(frozen=True, slots=True)
class AddColumn(Node):
    """`add column | NAME | v | w |`."""

    row: Row


@dataclass(frozen=True, slots=True)
class AddInput(Node):
    """`add input X`."""

    name: Ref


Edit = WithdrawRow | AddRow | AddColumn | AddInput | FieldLine | Policy | CalendarLine


@dataclass(frozen=True, slots=True)
class Amend(Item):
    """An overlay's change to a base item: `family` is its word (`table`, `layers`, ...)."""

    family: Name
    because: Quoted
    edits: tuple[Edit, ...]
    meta: Meta


@dataclass(frozen=True, slots=True)
class Withdraw(Item):
    """An overlay's removal of a base item."""

    because: Quoted


AnyItem = (
    Role | Citation | Calendar | Rates | Unit | Book | Terms | Register | Stock | Kind | Layers | Accounts | Reconciliation | Adjustment
    | Control | Table | Decision | Exception_ | Parameter | Amount | Allocation | Journal | Report | Close | Scenario | Example | Amend | Withdraw
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RulesetText(Node):
    """One ruleset as written: its head and its items, in the order of the text (or of a folder's files)."""

    head: Head
    items: tuple[AnyItem, ...]
