"""Nodes of words, expressions, tests and grids, and of the clauses that items share."""

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
    """`left is right` and its kin: operator is is, is-not, at-least, at-most, under, over, before or after."""

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
