"""Nodes of items that decide, value, post, show, ask what if, give examples and change a base; and of a ruleset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dsl.nodes.facts import (
    Accounts,
    Adjustment,
    Book,
    Calendar,
    CalendarLine,
    Citation,
    Control,
    FieldLine,
    Head,
    Item,
    Kind,
    Layers,
    Policy,
    Rates,
    Reconciliation,
    Register,
    Role,
    Stock,
    Terms,
    Unit,
)
from dsl.nodes.values import (
    Answer,
    AtRate,
    Cap,
    Cell,
    Expression,
    Gift,
    Grid,
    LocalAmount,
    Measure,
    Meta,
    Name,
    Node,
    PeriodLiteral,
    Quoted,
    Ref,
    Reversal,
    Row,
    Scope,
    Spread,
    Tests,
)


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
class Exception_(Item):  # noqa: N801
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
class ProjectTrend(Node):
    """`project K forward N periods by trend and season for each a, b within last M periods`."""

    kind: Name
    forward: Measure
    each: tuple[Ref, ...]
    within: Measure


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


ScenarioLine = SetParameter | ReplaceItem | Project | ProjectTrend | InLayers | ShowsBy


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
    Role
    | Citation
    | Calendar
    | Rates
    | Unit
    | Book
    | Terms
    | Register
    | Stock
    | Kind
    | Layers
    | Accounts
    | Reconciliation
    | Adjustment
    | Control
    | Table
    | Decision
    | Exception_
    | Parameter
    | Amount
    | Allocation
    | Journal
    | Report
    | Close
    | Scenario
    | Example
    | Amend
    | Withdraw
)


@dataclass(frozen=True, slots=True)
class RulesetText(Node):
    """One ruleset as written: its head and its items, in the order of the text (or of a folder's files)."""

    head: Head
    items: tuple[AnyItem, ...]
