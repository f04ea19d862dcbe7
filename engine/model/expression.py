"""Bound expressions: every name resolved to what it stands for, every value with its type.

An expression is bound in the grain of the item that holds it. `KeyOf` and `FieldOf` speak of that grain's row; the
value of another item is an `ItemOf` whose `keys` say, in the asker's terms, which row of that item is meant. So an item
can be evaluated in another item's row by substituting keys, and lineage never has to guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from dsl.span import Span
from engine.model.datatypes import DataType


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a grain: a plain name, a path (`partner.region`) or a calendar word (`period`)."""

    name: str
    type: DataType


LEDGER_ROWS = {"ledger-line": "lines", "ledger-balance": "balances", "correction": "corrections"}
"""Rows that the ledger itself has, each with the form of its grain."""


@dataclass(frozen=True, slots=True)
class Grain:
    """What one row of an item stands for.

    form: 'keys' (combinations of keys), 'rows' (rows of the kinds, registers, reconciliation in `rows`, joined where
    fields of the same name agree; may have further `keys`), 'layers' (rows holds 'layer', then kinds joined to it),
    'slices' (parts of a layer touched by the kinds in `touched`), 'lines' (ledger-line), 'balances' (ledger-balance),
    'corrections', 'once' (no `for each`).
    `keys` are all keys that make a row unique, those of the rows included; layers add the key `layer` (the layer's own
    identity) to those of their pool, slices also `event`. `calendar` is the calendar its periods follow.
    """

    form: str
    rows: tuple[str, ...]
    touched: tuple[str, ...]
    keys: tuple[Key, ...]
    calendar: str

    def key(self, name: str) -> Key | None:
        """The key of a name, or None."""
        return next((key for key in self.keys if key.name == name), None)

    @property
    def has_period(self) -> bool:
        """Whether a calendar word is among the keys."""
        return any(key.name in ("day", "week", "period", "quarter", "year") for key in self.keys)


@dataclass(frozen=True, slots=True)
class Bound:
    """Any bound expression: its type, where it was written, and whether its value may be missing.

    Equal text in two places is one expression: places do not count when expressions are compared.
    """

    type: DataType
    span: Span = field(compare=False)
    perhaps: bool


@dataclass(frozen=True, slots=True)
class Literal(Bound):
    """A constant: Decimal for numbers (money and price in `type.domain` currency), date, bool, or text of an
    enumeration value, register key, role, kind or period."""

    value: Decimal | date | bool | str


@dataclass(frozen=True, slots=True)
class KeyOf(Bound):
    """The value of a key of the grain, which every field that is a key is bound to.

    Three words need not be keys: a calendar word is then the span the asker's date lies in (in an adjustment, the
    period worked on), `book` and `scenario` are those of the run. In a decision the governing date is a `KeyOf`.
    """

    name: str


@dataclass(frozen=True, slots=True)
class FieldOf(Bound):
    """A field of the grain's row.

    `row` is a kind, register or reconciliation of `grain.rows`, 'layer', 'slice', 'ledger-line', 'ledger-balance',
    'correction', 'day' or 'period'. Implied fields (`known-at`, `remaining`, `event-date`, ...) are fields like others.
    In a grain of slices the touched fact's own fields are fields of row 'slice'.
    """

    row: str
    name: str


@dataclass(frozen=True, slots=True)
class LocalOf(Bound):
    """The value of a local amount of the same item."""

    name: str


@dataclass(frozen=True, slots=True)
class RegisterField(Bound):
    """A field of a register's row: `keys` follow the register's identity; `on` is the date, None the asker's.

    With an empty `name` it stands for the row itself (only tested for missing).
    """

    register: str
    name: str
    keys: tuple[Expression, ...]
    on: Expression | None


@dataclass(frozen=True, slots=True)
class FactField(Bound):
    """A field of another kind's fact found through a reference: like RegisterField, for a kind.

    `keys` pairs 'identity' with the expression that holds the fact's identity (its identifying fields joined).
    """

    kind: str
    name: str
    keys: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class ItemOf(Bound):
    """The value of an amount, allocation, decision, parameter or table output, at `keys`.

    `item` is the item's name (of a table output: the output's; of a reconciliation's local: `siso.value`). `keys` gives
    for each key of the item's grain (rows that are the asker's own row are left out) its value in the asker's terms.
    An allocation read through a reference to its part (`bundle-line.bundle-price`) has one key: the part's kind, paired
    with the reference. `as_of` is a decision's governing date in the asker's terms; None: the asker's date.
    """

    item: str
    keys: tuple[tuple[str, Expression], ...]
    as_of: Expression | None


@dataclass(frozen=True, slots=True)
class BucketOf(Bound):
    """Units in a bucket of stock at the end of `on` (None: of the asker's date or period).

    `keys` holds the keys of stock the asker has; over those it lacks the units are added up.
    """

    bucket: str
    keys: tuple[tuple[str, Expression], ...]
    on: Expression | None


@dataclass(frozen=True, slots=True)
class MomentOf(Bound):
    """An edge of a calendar span, of the grain's calendar: shift '', 'previous' or 'next'; unit; edge start or end."""

    shift: str
    unit: str
    edge: str


@dataclass(frozen=True, slots=True)
class Arithmetic(Bound):
    """`left operator right`, operator one of `+ - * /`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Minus(Bound):
    """The negative of a value."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Converted(Bound):
    """Money or price in another currency: `currency` is a Literal or an expression of type currency."""

    value: Expression
    currency: Expression
    rates: str
    on: Expression


@dataclass(frozen=True, slots=True)
class BandOf(Bound):
    """A banded parameter or register field at the band that holds `of`, or summed band by band over it."""

    value: Expression
    of: Expression
    through: bool


@dataclass(frozen=True, slots=True)
class AtExtreme(Bound):
    """`value` of the row of `source` where `by` is extreme; both are bound in the source's grain."""

    source: Source
    value: Expression
    extreme: str
    by: Expression


@dataclass(frozen=True, slots=True)
class RoundedOf(Bound):
    """Rounded to the minor unit of the value's currency (units: to whole units)."""

    value: Expression


@dataclass(frozen=True, slots=True)
class ChoiceOf(Bound):
    """`lower of (a, b)`: which is lower, higher, earlier or later."""

    which: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Source:
    """The rows an aggregate or `exists` ranges over, and how they agree with the asker.

    `grain` is the rows' own grain; `matching` pairs an expression bound in that grain with one in the asker's, for
    every key of the asker that is no calendar word (a key the rows lack is T206). Calendar words, and an event's date,
    are not paired: the plan takes the rows whose governing date lies in the asker's span, or up to its event. A layer's
    or slice's own identity (`layer`, `event`) is paired only where the rows have it.
    """

    grain: Grain
    matching: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class WindowOf:
    """`within last N U` or `since A through B`."""

    last: int | None
    unit: str
    since: Expression | None
    through: Expression | None


@dataclass(frozen=True, slots=True)
class AggregateOf(Bound):
    """`sum`, `count` or `average` of `value` (bound in the source's grain; None for a count of rows).

    `scope` is the grain of the item that holds it; the plan sets it when it evaluates the item in another one's row.
    """

    function: str
    source: Source
    value: Expression | None
    where: TestsOf | None
    window: WindowOf | None
    scope: Grain | None = None


@dataclass(frozen=True, slots=True)
class LedgerBalance(Bound):
    """`balance of ROLE`, of a book where one is named, at `keys`: the asker's, calendar words left out.

    A key that is a date is no dimension: it says up to which day the balance is asked for.
    """

    role: Expression
    book: str
    company_currency: bool
    keys: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class AbsoluteOf(Bound):
    """A value without its sign."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Otherwise(Bound):
    """`value, but otherwise when T`."""

    value: Expression
    otherwise: Expression
    when: TestsOf


Expression = (
    Literal | KeyOf | FieldOf | LocalOf | RegisterField | FactField | ItemOf | BucketOf | MomentOf | Arithmetic | Minus
    | Converted | BandOf | AtExtreme | RoundedOf | ChoiceOf | AggregateOf | LedgerBalance | AbsoluteOf | Otherwise
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComparisonOf:
    """operator: is, is-not, at-least, at-most, under, over, before, after."""

    span: Span = field(compare=False)
    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class OneOfTest:
    """`left is [not] one of options`."""

    span: Span = field(compare=False)
    left: Expression
    negated: bool
    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MissingTest:
    """`left is [not] missing`."""

    span: Span = field(compare=False)
    left: Expression
    negated: bool


@dataclass(frozen=True, slots=True)
class ExistsTest:
    """`a K exists for ... before D`: `before` is bound in the asker's grain, rows agree by the source's matching."""

    span: Span = field(compare=False)
    negated: bool
    source: Source
    before: Expression | None


@dataclass(frozen=True, slots=True)
class PeriodTest:
    """`x is P` where x is a date and P a period literal or the grain's period: the date lies in it."""

    span: Span = field(compare=False)
    left: Expression
    negated: bool
    period: Expression


TestOf = ComparisonOf | OneOfTest | MissingTest | ExistsTest | PeriodTest


@dataclass(frozen=True, slots=True)
class TestsOf:
    """One test, or several joined by 'and' or 'or'."""

    tests: tuple[TestOf, ...]
    joined: str
