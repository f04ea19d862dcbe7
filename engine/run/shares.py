"""Which subledger rows a ledger line sums, and what share each has: the journal's summing read backwards.

A share is never negative: it is what the row adds to the line on the line's side. The shares of a line add up to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.expression import Literal
from engine.model.ruleset import Journal, PostingLine
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.posting.booked_roles import booked_role
from engine.plan.posting.journal import entry_name
from engine.plan.posting.true_up import posted_lines
from engine.plan.relation import cast, column, named, table
from engine.plan.units.stock import union_all
from engine.plan.world import World, date_literal, empty

LINES = "ledger line"

KEYS: tuple[tuple[str, str], ...] = (
    ("fact", "BIGINT"),
    ("event", "BIGINT"),
    ("layer", "BIGINT"),
    ("layer.from", "DECIMAL(18,3)"),
    ("layer.to", "DECIMAL(18,3)"),
    ("quantity", "DECIMAL(18,3)"),
    ("returning", "BOOLEAN"),
    ("settling", "BOOLEAN"),
    ("event-kind", "VARCHAR"),
)
"""What a subledger row is known by; rows that are no slices have missing parts."""


@dataclass(frozen=True, slots=True)
class Share:
    """A subledger row and what it adds to a line, in the line's currency; fields as in `KEYS`."""

    fact: int | None
    event: int | None
    layer: int | None
    start: Decimal | None
    end: Decimal | None
    quantity: Decimal | None
    returning: bool
    settling: bool
    kind: str
    amount: Decimal

    @property
    def key(self) -> tuple[object, ...]:
        """What finds the slice, or the fact, again."""
        if self.event is None:
            return (self.fact,)
        return (self.event, self.layer, self.start, self.returning, self.settling)


def shares_of_line(world: World, journal: Journal, number: int, line_id: str) -> list[Share]:
    """Every share of a line, largest first."""
    only = exp.EQ(this=column("id", "l"), expression=exp.Literal.string(line_id))
    rows = shares_query(world, journal, number, only).subquery("shares")
    names = [name for name, _ in KEYS]
    order = [exp.Ordered(this=column("amount"), desc=True), *(exp.Ordered(this=column(name)) for name in names)]
    query = exp.select(*(column(name) for name in (*names, "amount"))).from_(rows).order_by(*order)
    return [share_of(row) for row in world.executor.rows(query)]


def share_of(row: Sequence[object]) -> Share:
    """A row of `KEYS` and an amount as a share."""
    return Share(*row)  # type: ignore[arg-type]  # rows of the database are untyped


def lines_of_facts(world: World, facts: Sequence[int]) -> dict[int, list[tuple[str, Decimal]]]:
    """For each of some facts the lines it has a share in, by id, with the share."""
    among = [exp.Literal.number(str(fact)) for fact in facts]
    branches = [
        shares_query(
            world, journal, number, exp.In(this=column("fact", "e"), expressions=[one.copy() for one in among])
        )
        for journal in world.ruleset.journals.values()
        if world.has(entry_name(journal)) and journal.grain.form in ("rows", "slices")
        for number in range(1, len(posted_lines(world.ruleset, journal)) + 1)
    ]
    if not branches or not facts:
        return {}
    total = exp.Sum(this=column("amount"))
    query = exp.select(column("fact"), column("id"), total).from_(union_all(branches).subquery("shares"))
    query = query.group_by(column("fact"), column("id")).order_by(column("fact"), column("id"))
    found: dict[int, list[tuple[str, Decimal]]] = {}
    for fact, line, amount in world.executor.rows(query):
        if not isinstance(fact, int) or not isinstance(amount, Decimal):
            raise InternalError("a share without a fact or an amount")
        found.setdefault(fact, []).append((str(line), amount))
    return found


def shares_query(world: World, journal: Journal, number: int, only: exp.Expr | None = None) -> exp.Select:
    """Shares of every line that the line `number` of a journal made: id, `KEYS`, amount. `only` narrows the rows
    (aliases: e for subledger rows, l for lines)."""
    line = posted_lines(world.ruleset, journal)[number - 1]
    have = set(world.relation(entry_name(journal)).column_names)
    amount = _measure(number, have)
    keys = [column(name, "e") if name in have else named(empty(storage), name) for name, storage in KEYS]
    share = named(cast(exp.Abs(this=amount), f"DECIMAL(38,{world.digits})"), "amount")
    same = [exp.NullSafeEQ(this=column(name, "l"), expression=column(name, "e")) for name in DIMENSIONS]
    own = f"currency {number}" if f"currency {number}" in have else "currency"
    same.append(exp.NullSafeEQ(this=column("currency", "l"), expression=column(own, "e")))
    joined = [
        exp.EQ(this=column("journal", "l"), expression=exp.Literal.string(journal.name)),
        exp.EQ(this=column("line", "l"), expression=exp.Literal.number(str(number))),
        exp.NEQ(this=amount.copy(), expression=exp.Literal.number("0")),
        exp.EQ(this=column("side", "l"), expression=_side(line, amount.copy())),
        exp.EQ(this=column("role", "l"), expression=_role(world, journal, number, line, have)),
        _of_origin(world),
        *same,
    ]
    query = exp.select(column("id", "l"), *keys, share).from_(table(entry_name(journal), "e"))
    query = query.join(table(LINES, "l"), on=exp.and_(*joined, copy=False), copy=False)
    return query if only is None else query.where(only)


def _measure(number: int, have: set[str]) -> exp.Expr:
    """The amount of a line; what it is booked at where it has none."""
    amount, booked = column(f"amount {number}", "e"), f"booked {number}"
    if booked not in have:
        return amount
    nothing = exp.EQ(this=amount, expression=exp.Literal.number("0"))
    return exp.Case().when(nothing, column(booked, "e")).else_(amount.copy())


def _side(line: PostingLine, amount: exp.Expr) -> exp.Expr:
    """What comes back swaps sides, and what is negative does."""
    other = "credit" if line.side == "debit" else "debit"
    negative = exp.LT(this=amount, expression=exp.Literal.number("0"))
    swapped = exp.NEQ(this=column("returning", "e"), expression=exp.Paren(this=negative))
    return exp.Case().when(swapped, exp.Literal.string(other)).else_(exp.Literal.string(line.side))


def _role(world: World, journal: Journal, number: int, line: PostingLine, have: set[str]) -> exp.Expr:
    plain: exp.Expr = column(f"role {number}", "e")
    roles = list(world.ruleset.accounts)
    if isinstance(line.role, Literal):
        plain, roles = exp.Literal.string(str(line.role.value)), [str(line.role.value)]
    if journal.grain.form != "slices":
        return plain
    case = exp.Case()
    for mark in ("leftover", "settling"):
        for role in roles if mark in have else ():
            booked = booked_role(world, line, role, mark)
            if booked != role:
                is_role = exp.EQ(this=plain.copy(), expression=exp.Literal.string(role))
                case = case.when(exp.and_(column(mark, "e"), is_role, copy=False), exp.Literal.string(booked))
    return case.else_(plain) if case.args.get("ifs") else plain


def _of_origin(world: World) -> exp.Expr:
    """Whether a row belongs to the period its line says: only a run with late lines tells rows apart by their day."""
    query = exp.select(column("origin")).distinct().from_(table(LINES)).order_by(column("origin"))
    origins = [None if row[0] is None else str(row[0]) for row in world.executor.rows(query)]
    here = world.period
    if all(one == here.name for one in origins):
        return exp.true()
    day, origin = column("posting-date", "e"), column("origin", "l")
    late = exp.LT(this=day, expression=date_literal(here.start))
    earliest = here.start
    cases = [exp.and_(exp.EQ(this=origin, expression=exp.Literal.string(here.name)), exp.Not(this=late), copy=False)]
    for name in origins:
        period = None if name in (None, here.name) else world.calendar.period(str(name))
        if period is not None:
            earliest = min(earliest, period.start)
            inside = _between(day, period.start, period.end)
            cases.append(exp.and_(exp.EQ(this=origin.copy(), expression=exp.Literal.string(period.name)), inside))
    before = exp.LT(this=day.copy(), expression=date_literal(earliest))
    cases.append(exp.and_(exp.Is(this=origin.copy(), expression=exp.Null()), before))
    return exp.Paren(this=exp.or_(*cases, copy=False))


def _between(day: exp.Expr, first: date, last: date) -> exp.Expr:
    return exp.Between(this=day.copy(), low=date_literal(first), high=date_literal(last))
