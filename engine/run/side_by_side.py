"""Books side by side: what each earned, whether each is whole, and whether what compares them holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from engine.model.books import books_compared
from engine.model.expression import Literal
from engine.model.ruleset import Control
from engine.model.walk import operands
from engine.plan.controls import control_name
from engine.plan.posting.balances import measures
from engine.plan.posting.booked_roles import RESULTS
from engine.plan.relation import column, named, table
from engine.plan.values.frames import frame_of
from engine.plan.world import World
from engine.run.close import Run
from engine.run.results import BookLine, BookResult, CompanyResult, TieOut
from engine.run.said import said, text
from engine.run.tie_outs import tie_outs

SIDES = ("debit", "credit")
ZERO = Decimal(0)


def book_results(run: Run) -> tuple[BookResult, ...]:
    """What each book earned, the one that posts first; nothing where it is the only one."""
    if not run.books:
        return ()
    found: dict[str, BookResult] = {}
    for one in (run, *run.books):
        book = one.world.ruleset.books[one.world.book]
        lines = _earned(one.world)
        if book.on_top_of:
            lines = _together(found[book.on_top_of].earned, lines)
        count = one.world.count(exp.select(column("id")).from_(table("ledger line")))
        found[book.name] = BookResult(book.name, book.on_top_of, book.posts, count, lines)
    return tuple(found.values())


def _earned(world: World) -> tuple[BookLine, ...]:
    """The accounts of the result a book posted to, credits less debits as booked."""
    booked = column(measures(world)[-1])
    on_credit = exp.EQ(this=column("side"), expression=exp.Literal.string("credit"))
    earned = exp.Sum(this=exp.Case().when(on_credit, booked).else_(exp.Neg(this=booked.copy())))
    keys = [column("account"), column("account.title")]
    of_result = exp.In(this=column("account.type"), expressions=[exp.Literal.string(one) for one in RESULTS])
    query = exp.select(*keys, named(earned, "earned")).from_(table("ledger line")).where(of_result)
    query = query.group_by(*(one.copy() for one in keys)).order_by(*(one.copy() for one in keys))
    rows = world.executor.rows(query)
    return tuple(BookLine(str(account or ""), str(title or ""), Decimal(str(sum_))) for account, title, sum_ in rows)


def company_results(run: Run) -> tuple[CompanyResult, ...]:
    """What each company posted and what it earned in each book, by name; nothing where only one posted."""
    if not run.world.has("ledger line"):
        return ()
    sides = {one: (debit, credit) for one, debit, credit, _ in _by_company(run.world)}
    earned: dict[str, dict[str, Decimal]] = {}
    for one in (run, *run.books):
        book = one.world.ruleset.books.get(one.world.book)
        own = {company: sum_ for company, _, _, sum_ in _by_company(one.world)}
        base = earned[book.on_top_of] if book is not None and book.on_top_of else {}
        earned[one.world.book] = {
            company: own.get(company, ZERO) + base.get(company, ZERO) for company in {**base, **own}
        }
    companies = sorted({company for found in earned.values() for company in found})
    if len(companies) < 2:
        return ()
    return tuple(
        CompanyResult(
            company, *sides.get(company, (ZERO, ZERO)),
            tuple((book, found.get(company, ZERO)) for book, found in earned.items()),
        )
        for company in companies
    )  # fmt: skip


def _by_company(world: World) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """For each company of a book's lines: debits, credits, and what it earned, as booked."""
    booked, zero = column(measures(world)[-1]), exp.Literal.number("0")
    on_debit, on_credit = (exp.EQ(this=column("side"), expression=exp.Literal.string(one)) for one in SIDES)
    of_result = exp.In(this=column("account.type"), expressions=[exp.Literal.string(one) for one in RESULTS])
    signed = exp.Case().when(on_credit, booked.copy()).else_(exp.Neg(this=booked.copy()))
    sums = [
        exp.Case().when(on_debit, booked.copy()).else_(zero),
        exp.Case().when(on_credit.copy(), booked.copy()).else_(zero.copy()),
        exp.Case().when(of_result, signed).else_(zero.copy()),
    ]
    query = exp.select(column("company"), *(exp.Sum(this=one) for one in sums)).from_(table("ledger line"))
    named_ones = query.where(exp.Not(this=exp.Is(this=column("company"), expression=exp.Null())))
    rows = world.executor.rows(named_ones.group_by(column("company")).order_by(column("company")))
    return [(str(company), *(Decimal(str(one)) for one in row)) for company, *row in rows]  # type: ignore[misc]


def _together(base: tuple[BookLine, ...], own: tuple[BookLine, ...]) -> tuple[BookLine, ...]:
    """The lines of two books by account."""
    found = {(one.account, one.title): one for one in base}
    for line in own:
        key = (line.account, line.title)
        found[key] = replace(line, earned=line.earned + found[key].earned) if key in found else line
    return tuple(found[key] for key in sorted(found))


def tie_outs_of_books(run: Run) -> tuple[TieOut, ...]:
    """That every other book is whole, and what the controls that compare books found."""
    found = [
        replace(tie_out, name=f"{one.world.book}: {tie_out.name}", sentence=f"{one.world.book}: {tie_out.sentence}")
        for one in run.books
        for tie_out in tie_outs(one)
    ]
    world = run.world
    held = [one for one in world.ruleset.controls.values() if run.books and world.has(control_name(one))]
    return (*found, *(_compared(world, one) for one in held if books_compared(world.ruleset, one)))


def _compared(world: World, control: Control) -> TieOut:
    """What a control that compares books says, with what both sides come to over all its rows.

    It does not refuse publication: the control raises its exception, and the close waits for that.
    """
    passed = world.is_empty(control_name(control))
    sentence = "; ".join(text(test.span) for test in control.needs.tests)
    figures = "" if world.converts else _figures(world, control)
    if figures:
        sentence += f": {figures}"
    next_action = "" if passed else f"tieout exceptions list {world.period.name}"
    return TieOut(control.name, passed, sentence, False, next_action)


def _figures(world: World, control: Control) -> str:
    """The sums of what each test compares, over the rows the control holds in."""
    frame = frame_of(world, control.grain)
    if control.when is not None:
        frame.filter(frame.test(control.when, control.grain))
    frame.prepare(control.needs, control.grain)
    compared = [one for test in control.needs.tests for one in operands(test) if not isinstance(one, Literal)]
    values = [frame.value(one) for one in compared]
    if not all(value.type.is_numeric and value.over is None for value in values):
        return ""
    sums = [named(exp.Sum(this=value.sql), f"sum {index}") for index, value in enumerate(values)]
    [row] = world.executor.rows(frame.rows_query([]).select(*sums))
    return " against ".join(said(one or Decimal(0), type_.type) for one, type_ in zip(row, compared, strict=True))
