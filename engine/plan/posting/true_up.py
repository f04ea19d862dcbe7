"""True-ups as lines of an entry.

`true up R to E, offset to S` posts E less the balance of R: where R is short, on R's normal side, and S on the other;
where R has too much, the other way round. So a true-up is two lines of one amount that may be negative.
"""

from __future__ import annotations

from decimal import Decimal

from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.datatypes import DataType, Family
from engine.model.expression import (
    Arithmetic,
    ComparisonOf,
    Expression,
    FieldOf,
    KeyOf,
    LedgerBalance,
    Literal,
    Minus,
    Otherwise,
    TestsOf,
)
from engine.model.ruleset import Journal, PostingLine, Ruleset, TrueUp

NORMAL = "normal"
"""The field of a balance that says on which side its role is normal."""


def posted_lines(ruleset: Ruleset, journal: Journal) -> tuple[PostingLine, ...]:
    """The lines of a journal in the order of their numbers; a true-up is two.

    Where money is converted, the last line is what the others differ by as booked.
    """
    found: list[PostingLine] = []
    for line in journal.lines:
        found += [line] if isinstance(line, PostingLine) else _two_lines(ruleset, journal, line)
    return (*found, *_difference(ruleset, journal))


def _difference(ruleset: Ruleset, journal: Journal) -> list[PostingLine]:
    """The last line of a journal that converts: what its other lines differ by as booked, and no amount."""
    conversion = ruleset.head.conversion
    if not ruleset.rates or conversion is None or journal.company_currency_only:
        return []
    span = conversion.span
    role = Literal(DataType(Family.ROLE), span, False, conversion.difference.text)
    return [PostingLine(span, "credit", role, Literal(DataType(Family.MONEY), span, False, Decimal(0)))]


def _two_lines(ruleset: Ruleset, journal: Journal, line: TrueUp) -> list[PostingLine]:
    if not isinstance(line.role, Literal):
        return _of_balance(journal, line)
    normal = ruleset.accounts[str(line.role.value)].normal
    keys = tuple(
        (key.name, KeyOf(key.type, line.span, False, key.name))
        for key in journal.grain.keys
        if key.name not in CALENDAR_WORDS
    )
    as_booked = journal.company_currency_only
    held = LedgerBalance(line.target.type, line.role.span, False, line.role, "", as_booked, keys)
    lacking: Expression = Arithmetic(line.target.type, line.span, False, "-", line.target, held)
    return [
        PostingLine(line.span, normal, line.role, lacking),
        PostingLine(line.span, "credit" if normal == "debit" else "debit", line.offset, lacking),
    ]


def _of_balance(journal: Journal, line: TrueUp) -> list[PostingLine]:
    """The true-up of the balance that a row is: the side that its role is normal on is known row by row."""
    row, span = "ledger-balance", line.span
    measure = "booked" if journal.company_currency_only else "amount"
    held = FieldOf(line.target.type, span, False, row, measure)
    lacking: Expression = Arithmetic(line.target.type, span, False, "-", line.target, held)
    text = DataType(Family.TEXT)
    normal = FieldOf(text, span, False, row, NORMAL)
    on_credit = ComparisonOf(span, normal, "is", Literal(text, span, False, "credit"))
    negative = Minus(line.target.type, span, False, lacking)
    debit = Otherwise(line.target.type, span, False, lacking, negative, TestsOf((on_credit,), "and"))
    return [PostingLine(span, "debit", line.role, debit), PostingLine(span, "credit", line.offset, debit)]
