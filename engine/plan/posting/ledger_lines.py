"""Ledger lines: postings with account, segments and number."""

from __future__ import annotations

from sqlglot import exp

from engine.model.books import posting_book
from engine.model.expression import ItemOf
from engine.plan.fragments import as_stored
from engine.plan.numbers import Value
from engine.plan.posting.balances import DIMENSIONS, measures
from engine.plan.posting.journal import TEXT
from engine.plan.posting.postings import POSTING
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.values.frames import line_frame
from engine.plan.world import World


def make_ledger_lines(world: World) -> None:
    """`ledger line`: postings with account, segments and number, in one total order."""
    _make_account_lines(world)
    frame = line_frame(world, "line without segment")
    segments: list[tuple[str, Value]] = []
    for item in world.ruleset.tables.values():
        if item.grain.form == "lines":
            for name, type_ in item.outputs:
                segments.append((name, frame.lower(ItemOf(type_, item.span, False, name, (), None), item.grain)))
    segments = [(name, frame.value_of(frame.label_of(value))) for name, value in segments]
    base = world.relation("line without segment")
    outputs = [(name, Value(frame.column(name), TEXT)) for name, _ in base.columns if name != "number"]
    result = [(name, value.sql, dict(base.columns)[name]) for name, value in outputs]
    result += [(name, as_stored(value), value.storage) for name, value in segments]
    number = exp.Anonymous(
        this="LPAD",
        expressions=[cast(frame.column("number"), "VARCHAR"), exp.Literal.number("6"), exp.Literal.string("0")],
    )
    label = exp.DPipe(
        this=exp.Literal.string("JL-"),
        expression=exp.DPipe(this=exp.Literal.string(f"{'-'.join(_numbered_in(world))}-"), expression=number),
    )
    names = [named(label, "id"), *(named(sql, name) for name, sql, _ in result)]
    columns = (("id", "VARCHAR"), *((name, storage) for name, _, storage in result))
    query = frame.rows_query([]).select(*names)
    world.add(Relation("ledger line", ("id",), columns, query, Origin("accounts and segments")))


def _numbered_in(world: World) -> tuple[str, ...]:
    """What lines are numbered in: the period, and the book where it is not the one that posts."""
    is_posting = world.book == posting_book(world.ruleset)
    return (world.period.name, *([] if is_posting else [world.book]))


def make_accounts(world: World) -> None:
    """`account`: the chart, a row for each role."""
    columns = tuple((name, "VARCHAR") for name in ("role", "account", "title", "type", "normal", "nature"))
    rows = [
        (one.role, one.number, one.title, one.type, one.normal, "monetary" if one.monetary else "non-monetary")
        for one in world.ruleset.accounts.values()
    ]
    world.executor.append("account", columns, rows)
    query = exp.select(*(column(name) for name, _ in columns)).from_(table("account"))
    world.note(Relation("account", ("role",), columns, query, Origin("accounts")))


def _make_account_lines(world: World) -> None:
    """Postings with their account, settled roles summed, numbered in a total order."""
    keys = [name for name, _ in POSTING]
    money = world.relation("posting").type_of("amount")
    totals = [named(cast(exp.Sum(this=column(one)), money), one) for one in measures(world)]
    rows = named(cast(exp.Sum(this=column("rows")), "BIGINT"), "rows")
    summed = exp.select(*(column(name) for name in keys), *totals, rows).from_(table("posting"))
    summed = summed.group_by(*(column(name) for name in keys))
    same = exp.EQ(this=column("role", "a"), expression=column("role", "s"))
    order = [
        exp.Ordered(this=column(name, "s"), nulls_first=True)
        for name in ("journal", *DIMENSIONS, "currency", "origin", "line", "role", "side")
    ]
    number = cast(exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=order)), "BIGINT")
    account = [named(column(name, "a"), label) for name, label in _ACCOUNT.items()]
    chosen = [
        named(number, "number"),
        named(exp.Literal.string(world.period.name), "period"),
        *(column(name, "s") for name in keys),
    ]
    summed_up = [column(one, "s") for one in (*measures(world), "rows")]
    query = exp.select(*chosen, *summed_up, *account)
    query = query.from_(summed.subquery(exp.to_identifier("s", quoted=True)))
    query = query.join(table("account", "a"), on=same, join_type="left", copy=False)
    columns = (
        ("number", "BIGINT"), ("period", "VARCHAR"), *POSTING, *((one, money) for one in measures(world)),
        ("rows", "BIGINT"),
        *((label, "VARCHAR") for label in _ACCOUNT.values()),
    )  # fmt: skip
    world.add(Relation("line without segment", ("number",), columns, query, Origin("accounts")))


_ACCOUNT = {
    "account": "account",
    "title": "account.title",
    "type": "account.type",
    "normal": "account.normal",
    "nature": "account.nature",
}
