"""What a close found, as values that pages, JSON and tests read; nothing here computes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class StockNames:
    """What the ruleset calls the stock on the page: the bucket compared, the key its lines stand for, and the finer
    keys that each line adds up ('' where there are none)."""

    bucket: str = ""
    line: str = ""
    finer: str = ""


@dataclass(frozen=True, slots=True)
class StockLine:
    """Stock of one value of a key (a partner, a plant) in units.

    `flows` holds (kind, units signed as they change the expected bucket); `beside` the units in the other buckets
    that the reconciliation may count in or that layers cover, by bucket; `reported` and `variance` are None where no
    report came in for some of its parts; `value` is the variance at the unit value, in reporting currency; `silent`
    counts the rows without a report.
    """

    name: str
    opening: Decimal
    flows: tuple[tuple[str, Decimal], ...]
    beside: tuple[tuple[str, Decimal], ...]
    expected: Decimal
    reported: Decimal | None
    variance: Decimal | None
    value: Decimal | None
    silent: int


@dataclass(frozen=True, slots=True)
class VarianceLine:
    """Rows of the reconciliation with one severity and treatment: how many, units and value (signed sums)."""

    severity: str
    treatment: str
    approver: str
    rows: int
    units: Decimal | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of the journal in one currency: sums by side, in it and as booked in the company's currency."""

    account: str
    title: str
    debit: Decimal
    credit: Decimal
    currency: str
    debit_booked: Decimal
    credit_booked: Decimal


@dataclass(frozen=True, slots=True)
class BookLine:
    """An account of a result in one book: what it earned in the period, as booked; an expense is negative."""

    account: str
    title: str
    earned: Decimal


@dataclass(frozen=True, slots=True)
class BookResult:
    """What one book earned in the period, account by account; on top of another, that one's included.

    `lines` counts its journal lines.
    """

    name: str
    on_top_of: str
    posts: bool
    lines: int
    earned: tuple[BookLine, ...]


@dataclass(frozen=True, slots=True)
class CompanyResult:
    """One company, in its own currency: what it debited and credited in the book that posts, and what it earned in each
    book; in one on top of another, that one's included."""

    company: str
    debit: Decimal
    credit: Decimal
    earned: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class TieOut:
    """One promise checked: its sentence, whether it held, figures, and what to do where it did not.

    `blocks` says that a failure refuses publication; a control that only raises an exception does not.
    """

    name: str
    passed: bool
    sentence: str
    blocks: bool
    next_action: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The closed periods that were replayed, by name, and how many facts dated up to their end became known since the
    last hard close."""

    periods: tuple[str, ...]
    facts: int


@dataclass(frozen=True, slots=True)
class ControlLine:
    """One control of the ruleset: code, severity, role, how many rows broke it and up to five of them as text."""

    name: str
    code: str
    severity: str
    role: str
    broken: int
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """What one adjustment did: form, facts touched, units moved where it records or excludes."""

    name: str
    form: str
    facts: int
    units: Decimal | None


@dataclass(frozen=True, slots=True)
class OverrideLine:
    """An approved override a run was given: the row and column, the value and what it stands in the place of, and why.

    `row` has the row's key without the period; `period` is the one it names. `was` is a text like `value`, empty where
    there was nothing. `counts` is False where the rules no longer have the column, or the reconciliation the row.
    """

    override: str
    reconciliation: str
    row: tuple[tuple[str, str], ...]
    column: str
    was: str
    value: str
    unit: str
    period: str
    reason: str
    comment: str
    evidence: str
    evidence_sha256: str
    proposed_by: str
    proposed_at: str
    approved_by: str
    approved_at: str
    role: str
    approval_comment: str
    counts: bool

    @property
    def where(self) -> str:
        """The values of the row's key."""
        return ", ".join(value for _, value in self.row)


@dataclass(frozen=True, slots=True)
class ReversalLine:
    """What one journal posted before and this period takes back: lines, and what they debit as booked."""

    journal: str
    lines: int
    debit: Decimal


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A report of the ruleset: its columns and rows, in order; numbers are Decimal, None is missing."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of a run: rows it made and milliseconds it took."""

    stage: str
    rows: int
    milliseconds: int


@dataclass(frozen=True)
class CloseResult:
    """Everything a close of one period found; money in `currency`."""

    period: str
    start: date
    end: date
    currency: str
    ruleset: str
    ruleset_version: str
    ruleset_hash: str
    stock_names: StockNames
    stock: tuple[StockLine, ...]
    variances: tuple[VarianceLine, ...]
    adjustments: tuple[AdjustmentLine, ...]
    journal: tuple[AccountLine, ...]
    tie_outs: tuple[TieOut, ...]
    controls: tuple[ControlLine, ...]
    reports: tuple[ReportTable, ...]
    late_lines: int
    facts: int
    stages: tuple[StageTime, ...]
    reversals: tuple[ReversalLine, ...] = ()
    books: tuple[BookResult, ...] = ()
    companies: tuple[CompanyResult, ...] = ()
    """Where more than one company posted something."""
    overrides: tuple[OverrideLine, ...] = ()
    """The approved overrides that hold in the period."""

    @property
    def publishable(self) -> bool:
        """Whether no blocking tie-out failed."""
        return all(one.passed for one in self.tie_outs if one.blocks)
