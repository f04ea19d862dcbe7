"""Journals: they balance for every input (T401), post rounded money (T203), share no role by chance (T402-T407)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from dsl.diagnostics import Diagnostics
from engine.model.binding.fingerprint import fingerprint
from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.books import book_of
from engine.model.checks.linear import Sum, linear, plus, said_sum, scaled
from engine.model.checks.rounding import Rounding, recorded_money
from engine.model.datatypes import Family
from engine.model.expression import (
    ComparisonOf,
    Expression,
    Grain,
    LedgerBalance,
    Literal,
    OneOfTest,
    TestsOf,
)
from engine.model.ruleset import Journal, PostingLine, Ruleset, TrueUp
from engine.model.walk import walk

NO_WAY_TO_MEND = Decimal(1000)


def check_journals(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Report what is wrong with each journal and between journals."""
    for journal in ruleset.journals.values():
        _balances(journal, diagnostics)
        _rounded(ruleset, journal, diagnostics)
        _foreign(ruleset, journal, diagnostics)
        _on_top(ruleset, journal, diagnostics)
    _trued_up_twice(ruleset, diagnostics)
    _coarser(ruleset, diagnostics)
    _same_credit(ruleset, diagnostics)


# ---- balance ---------------------------------------------------------------------------------------------------------


def _balances(journal: Journal, diagnostics: Diagnostics) -> None:
    """Debits less credits must cancel name by name, in each currency apart."""
    posting = [line for line in journal.lines if isinstance(line, PostingLine)]
    if not posting or any(line.value.type.family is not Family.MONEY for line in posting):
        return
    locals_ = {local.name: local for local in journal.locals}
    each = [linear(line.value, locals_) for line in posting]
    for currency in dict.fromkeys(line.value.type.domain for line in posting):
        chosen = [at for at, line in enumerate(posting) if line.value.type.domain == currency]
        apart: Sum = {}
        for at in chosen:
            apart = plus(apart, scaled(each[at], Decimal(1 if posting[at].side == "debit" else -1)))
        if apart:
            _unbalanced(journal, [(posting[at], each[at]) for at in chosen], apart, currency, diagnostics)


def _unbalanced(
    journal: Journal, lines: list[tuple[PostingLine, Sum]], apart: Sum, currency: str, diagnostics: Diagnostics
) -> None:
    """Point at the line that the smallest change would mend, the last of several."""
    mended = [
        (line, plus(value, apart) if line.side == "credit" else plus(value, scaled(apart, Decimal(-1))))
        for line, value in lines
    ]
    line, value = min(reversed(mended), key=lambda one: _size(one[1]))
    of = {"": "", "company": " in company currency"}.get(currency, f" in {currency}")
    diagnostics.error(
        "T401",
        f"`{journal.name}` does not balance{of}: debits - credits = {said_sum(apart)} for every input",
        line.value.span,
        _mending(value, apart),
    )


def _mending(value: Sum, apart: Sum) -> str:
    if not value:
        return "drop this line"
    if _size(value) < NO_WAY_TO_MEND:
        return f"post `{said_sum(value)}` here"
    more = all(term.factor < 0 for term in apart.values())
    return (
        f"add `debit ROLE {said_sum(scaled(apart, Decimal(-1)))}`" if more else f"add `credit ROLE {said_sum(apart)}`"
    )


def _size(value: Sum) -> Decimal:
    """How much there is to write; a line that would vanish or turn negative is the worst place to mend."""
    if not value or next(iter(value.values())).factor < 0:
        return NO_WAY_TO_MEND
    return sum((abs(term.factor) for term in value.values()), Decimal(0))


# ---- rounding --------------------------------------------------------------------------------------------------------


def _rounded(ruleset: Ruleset, journal: Journal, diagnostics: Diagnostics) -> None:
    rounding = Rounding(ruleset, {local.name: local for local in journal.locals})
    for value in _posted(journal):
        if value.type.family is not Family.MONEY or rounding.holds(value):
            continue
        text = " ".join(value.span.text.split())
        recorded = recorded_money(value)
        message = f"posts `{text}` as recorded, unrounded" if recorded else "posts an unrounded amount"
        help_text = f"name it once: `amount NAME is rounded({text})`, then post NAME on both sides"
        if recorded:
            diagnostics.warning("T203", message, value.span, help_text)
        else:
            diagnostics.error("T203", message, value.span, help_text)


def _posted(journal: Journal) -> Iterator[Expression]:
    for line in journal.lines:
        yield line.target if isinstance(line, TrueUp) else line.value


# ---- currencies and books --------------------------------------------------------------------------------------------


def _foreign(ruleset: Ruleset, journal: Journal, diagnostics: Diagnostics) -> None:
    """Lines without a layer take their rate from the journal; a non-monetary one in foreign money must say which."""
    if journal.converts is not None or journal.company_currency_only or journal.grain.form in ("slices", "layers"):
        return
    for line in journal.lines:
        if isinstance(line, TrueUp) or not isinstance(line.role, Literal):
            continue
        account = ruleset.accounts.get(str(line.role.value))
        currency = line.value.type.domain
        if account and not account.monetary and len(currency) == 3 and currency != ruleset.head.currency:
            diagnostics.error(
                "T405",
                f"`{account.role}` is non-monetary and posted in {currency}, at no stated rate",
                line.value.span,
                "add `converts at RATES rate on DATE` to the journal",
            )


def _on_top(ruleset: Ruleset, journal: Journal, diagnostics: Diagnostics) -> None:
    """A book on top of another sees that one's balances and its own."""
    book = ruleset.books.get(book_of(journal))
    if book is None or not book.on_top_of:
        return
    for one in walk(journal):
        if isinstance(one, LedgerBalance) and one.book and one.book not in (book.name, book.on_top_of):
            diagnostics.error(
                "T404",
                f"`{journal.name}` posts in {book.name}, on top of {book.on_top_of}, and reads {one.book}",
                one.span,
                f"read `{book.on_top_of}`, or post it in a book of its own",
            )


# ---- between journals ------------------------------------------------------------------------------------------------


def _true_ups(ruleset: Ruleset) -> Iterator[tuple[Journal, TrueUp, str]]:
    for journal in ruleset.journals.values():
        for line in journal.lines:
            if isinstance(line, TrueUp) and isinstance(line.role, Literal):
                yield journal, line, str(line.role.value)


def _trued_up_twice(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """A role is trued up by one journal at one grain; the remeasurement goes by role and is apart."""
    seen: dict[tuple[str, str], list[Journal]] = {}
    for journal, line, role in _true_ups(ruleset):
        before = seen.setdefault((role, book_of(journal)), [])
        other = next((one for one in before if one is journal or not _apart(one.when, journal.when)), None)
        before.append(journal)
        if other is not None:
            message = f"`{role}` is trued up by `{other.name}` already"
            diagnostics.error("T402", message, line.role.span, "let one journal bring it to the sum of both")


def _coarser(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """What is trued up by a key must be posted with that key everywhere, or its balance is not whole."""
    for journal, line, role in _true_ups(ruleset):
        keys = [key.name for key in journal.grain.keys if key.name not in CALENDAR_WORDS]
        for other in ruleset.journals.values():
            if other is journal or not any(role == name for name in _roles(other)):
                continue
            lacking = [key for key in keys if key not in names_of(ruleset, other.grain)]
            if lacking:
                by = ", ".join(keys)
                diagnostics.error(
                    "T403",
                    f"`{role}` is trued up for each {by}, and `{other.name}` posts it without {lacking[0]}",
                    line.role.span,
                    f"leave `{lacking[0]}` out of the true-up's `for each`, or give it to the other journal",
                )


def _roles(journal: Journal) -> Iterator[str]:
    for line in journal.lines:
        for role in (line.role, line.offset) if isinstance(line, TrueUp) else (line.role,):
            if isinstance(role, Literal):
                yield str(role.value)


def names_of(ruleset: Ruleset, grain: Grain) -> frozenset[str]:
    """The keys and fields a row of a grain has, or may have: what its ledger lines are kept by."""
    names = {key.name for key in grain.keys}
    for row in (*grain.rows, *grain.touched):
        if row in ruleset.kinds:
            names.update(column.name for column in ruleset.kinds[row].record.columns)
        elif row in ruleset.registers:
            names.update(column.name for column in ruleset.registers[row].record.columns)
        elif row in ("ledger-line", "ledger-balance", "correction"):
            names.update(ruleset.terms)
            names.update(ruleset.registers)
    return frozenset(names)


def _same_credit(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Two journals fed by one kind that credit one role may book one event twice."""
    for one, two in combinations(ruleset.journals.values(), 2):
        shared = sorted(set(_kinds(ruleset, one)) & set(_kinds(ruleset, two)))
        if not shared or _apart(one.when, two.when):
            continue
        for line in two.lines:
            if not isinstance(line, PostingLine) or line.side != "credit" or not isinstance(line.role, Literal):
                continue
            if line.role.value in _credits(one):
                diagnostics.warning(
                    "T407",
                    f"`{one.name}` and `{two.name}` both credit `{line.role.value}` for a {shared[0]}",
                    line.role.span,
                    "tell them apart by `when`, if one event must not be booked by both",
                )


def _kinds(ruleset: Ruleset, journal: Journal) -> tuple[str, ...]:
    return tuple(row for row in (*journal.grain.rows, *journal.grain.touched) if row in ruleset.kinds)


def _credits(journal: Journal) -> frozenset[object]:
    return frozenset(
        line.role.value
        for line in journal.lines
        if isinstance(line, PostingLine) and line.side == "credit" and isinstance(line.role, Literal)
    )


def _apart(one: TestsOf | None, two: TestsOf | None) -> bool:
    """Whether no row can pass both tests: they ask one value for different answers."""
    if one is None or two is None or "or" in (one.joined, two.joined):
        return False
    first = dict(_answers(one))
    return any(key in first and not first[key] & answers for key, answers in _answers(two))


def _answers(tests: TestsOf) -> Iterator[tuple[str, frozenset[object]]]:
    for test in tests.tests:
        if isinstance(test, ComparisonOf) and test.operator == "is" and isinstance(test.right, Literal):
            yield fingerprint(test.left), frozenset({test.right.value})
        elif isinstance(test, OneOfTest) and not test.negated:
            options = [option.value for option in test.options if isinstance(option, Literal)]
            if len(options) == len(test.options):
                yield fingerprint(test.left), frozenset(options)
        elif isinstance(test, ComparisonOf) and test.operator == "is-not" and isinstance(test.right, Literal):
            values: set[object] = {True, False} if isinstance(test.right.value, bool) else set(test.left.type.values)
            if values:
                yield fingerprint(test.left), frozenset(values - {test.right.value})
