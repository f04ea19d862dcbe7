"""Postings: every journal's subledger rows summed at the summary grain, each line on the side it falls on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlglot import exp

from engine.model.expression import Literal
from engine.model.posting_order import trues_up
from engine.model.ruleset import PostingLine
from engine.plan.posting.balances import DIMENSIONS, measures
from engine.plan.posting.booked_roles import booked_role
from engine.plan.posting.journal import Entry
from engine.plan.relation import Origin, Relation, case, cast, column, named, part_of, table, unnested
from engine.plan.units.stock import union_all
from engine.plan.values.frames import layers_of
from engine.plan.world import RunStopped, World, date_literal, empty

BACK_PERIODS = 120
"""Closed periods before the current one that a late line's origin is looked up in."""

POSTING: tuple[tuple[str, str], ...] = (
    ("journal", "VARCHAR"),
    ("line", "INTEGER"),
    ("role", "VARCHAR"),
    ("side", "VARCHAR"),
    *((name, "VARCHAR") for name in DIMENSIONS),
    ("currency", "VARCHAR"),
    ("origin", "VARCHAR"),
)


def make_postings(world: World, entries: Sequence[Entry], name: str) -> str:
    """`name`: the lines of journals summed at the summary grain, each on the side it falls on, no line of zero."""
    money = f"DECIMAL(38,{world.digits})"
    columns = (*POSTING, *((one, money) for one in measures(world)), ("rows", "BIGINT"))
    # Most periods use few journals of a ruleset; to plan a branch for each took longer than all else of postings.
    entries = [one for one in entries if not world.executor.is_bare(one.name)]
    branches = [_posting_branch(world, entry, money) for entry in entries]
    if not branches:
        nothing = [named(empty(storage), name) for name, storage in columns]
        world.add(Relation(name, (), columns, exp.select(*nothing).where(exp.false()), Origin("journals")))
        return name
    world.add(Relation(name, tuple(name for name, _ in POSTING), columns, union_all(branches), Origin("journals")))
    _refuse_negative(world, entries)
    return name


def gather_postings(world: World, parts: Sequence[str]) -> None:
    """`posting`: the postings of every journal, which `parts` hold."""
    made = world.relation(parts[0])
    rows = union_all([exp.select(*(column(one) for one in made.column_names)).from_(table(part)) for part in parts])
    world.add(Relation("posting", made.grain, made.columns, rows, Origin("journals"), stored=False))


def make_past_periods(world: World) -> None:
    """`past period`: closed periods by name and days, for the origin of late lines."""
    rows: list[tuple[str, date, date]] = []
    period = world.period
    for _ in range(BACK_PERIODS):
        period = world.calendar.previous(period)
        rows.append((period.name, period.start, period.end))
    columns = (("origin", "VARCHAR"), ("start", "DATE"), ("end", "DATE"))
    world.executor.append("past period", columns, rows)
    query = exp.select(*(column(name) for name, _ in columns)).from_(table("past period"))
    world.note(Relation("past period", ("origin",), columns, query, Origin(f"calendar {world.calendar.name}")))


def _sums(world: World, entry: Entry, money: str) -> exp.Query:
    """One pass over a journal's rows: for each group, sums of positive and negative amounts of every line."""
    rows = table(entry.name, "e")
    late: exp.Expr = exp.LT(this=column("posting-date", "e"), expression=date_literal(world.period.start))
    late = late if world.follows else exp.false()
    origin = case([(late, column("origin", "p"))], exp.Literal.string(world.period.name))
    inside = exp.and_(
        late,
        exp.GTE(this=column("posting-date", "e"), expression=column("start", "p")),
        exp.LTE(this=column("posting-date", "e"), expression=column("end", "p")),
        copy=False,
    )
    keys: list[exp.Expr] = [column(name, "e") for name in (*DIMENSIONS, *_currencies(entry), *entry.marks)]
    keys += [column(name, "e") for name in entry.roles if name]
    keys.append(named(origin, "origin"))
    sums: list[exp.Expr] = []
    zero = exp.Literal.number("0")
    for index, name in enumerate(entry.amounts, start=1):
        amount: exp.Expr = column(name, "e")
        sign = amount
        if entry.booked:
            booked = column(entry.booked[index - 1], "e")
            sign = case([(exp.EQ(this=amount, expression=zero), booked)], amount)
        for label, node in (("more", exp.GT), ("less", exp.LT)):
            falls = node(this=sign, expression=zero)
            for measure, value in _measured(entry, index):
                total = exp.Coalesce(this=exp.Sum(this=case([(falls, value)])), expressions=[zero])
                sums.append(named(cast(total, money), f"{label} {measure}{index}"))
            sums.append(named(exp.Count(this=case([(falls, amount)])), f"{label} rows {index}"))
    query = (
        exp.select(*keys, *sums).from_(rows).join(table("past period", "p"), on=inside, join_type="left", copy=False)
    )
    return query.group_by(*(exp.Literal.number(str(index + 1)) for index in range(len(keys))), copy=False)


def _currencies(entry: Entry) -> tuple[str, ...]:
    """The columns of an entry's currencies, each once."""
    return tuple(dict.fromkeys(entry.currencies)) or ("currency",)


def _measured(entry: Entry, index: int) -> list[tuple[str, exp.Expr]]:
    """What a line is summed in: a prefix of the sum's name, and the column of the entry."""
    found: list[tuple[str, exp.Expr]] = [("", column(entry.amounts[index - 1], "e"))]
    if entry.booked:
        found.append(("booked ", column(entry.booked[index - 1], "e")))
    return found


def _posting_branch(world: World, entry: Entry, money: str) -> exp.Query:
    """The sums as rows: a line for each side it falls on. What comes back and what is negative swap sides."""
    name = f"sum of {entry.journal.name}"
    selects = _sums(world, entry, money)
    columns = [(one, "VARCHAR") for one in (*DIMENSIONS, *_currencies(entry))]
    columns += [(one, "BOOLEAN") for one in entry.marks]
    columns += [(one, "VARCHAR") for one in entry.roles if one]
    columns.append(("origin", "VARCHAR"))
    for index in range(1, len(entry.amounts) + 1):
        for label in ("more", "less"):
            columns += [(f"{label} {measure}{index}", money) for measure, _ in _measured(entry, index)]
            columns.append((f"{label} rows {index}", "BIGINT"))
    rule = Origin(f"journal {entry.journal.name}", entry.journal.span)
    world.add(Relation(name, (), tuple(columns), selects, rule))
    return _fallen(world, entry, name, money)


def _fallen(world: World, entry: Entry, source: str, money: str) -> exp.Query:
    """A posting for each line and side: the sums are read once, and each of their rows is laid out as its postings.

    A branch for each line and side took DuckDB three times as long to plan.
    """
    lines = list(enumerate(entry.lines, start=1))
    parts = [_fallen_part(world, entry, index, line, label) for index, line in lines for label in ("more", "less")]
    said = ("line", "role", "side", *(("currency",) if entry.booked else ()))
    kept = [name for name, _ in POSTING if name not in ("journal", *said)]
    laid = exp.select(*(column(name, "s") for name in kept), unnested(parts, "fallen")).from_(
        table(source, "s"), copy=False
    )
    own: dict[str, exp.Expr] = {"journal": exp.Literal.string(entry.journal.name)}
    own |= {name: part_of("fallen", name) for name in said}
    selected = [named(own[name], name) if name in own else column(name) for name, _ in POSTING]
    sums = [named(cast(exp.Sum(this=part_of("fallen", name)), money), name) for name in measures(world)]
    count = named(cast(exp.Sum(this=part_of("fallen", "rows")), "BIGINT"), "rows")
    some = [exp.NEQ(this=part_of("fallen", name), expression=exp.Literal.number("0")) for name in measures(world)]
    query = exp.select(*selected, *sums, count)
    query = query.from_(laid.subquery(exp.to_identifier("l", quoted=True), copy=False), copy=False)
    query = query.where(exp.or_(*some, copy=False), copy=False)
    return query.group_by(*(exp.Literal.number(str(number + 1)) for number in range(len(selected))), copy=False)


def _fallen_part(world: World, entry: Entry, index: int, line: PostingLine, label: str) -> dict[str, exp.Expr]:
    """What a row of sums posts on one line: its positive amounts (`more`), or its negative ones on the other side."""
    other = "credit" if line.side == "debit" else "debit"
    forward, back = (line.side, other) if label == "more" else (other, line.side)
    fields: dict[str, exp.Expr] = {
        "line": cast(exp.Literal.number(str(index)), "INTEGER"),
        "role": _role(world, entry, index, line),
        "side": case([(column("returning", "s"), exp.Literal.string(back))], exp.Literal.string(forward)),
    }
    if entry.booked:
        fields["currency"] = column(entry.currencies[index - 1], "s")
    for (measure, _), name in zip(_measured(entry, index), measures(world), strict=True):
        held = column(f"{label} {measure}{index}", "s")
        # Booked money follows the amount's sign; a difference of rates has no amount, and its own.
        fields[name] = held if label == "more" else exp.Neg(this=held)
    fields["rows"] = column(f"{label} rows {index}", "s")
    return fields


def _role(world: World, entry: Entry, index: int, line: PostingLine) -> exp.Expr:
    """The role a line is booked under: the text's, but where a settlement or leftover cents go elsewhere."""
    plain: exp.Expr = (
        exp.Literal.string(str(line.role.value))
        if isinstance(line.role, Literal)
        else column(entry.roles[index - 1], "s")
    )
    if entry.journal.grain.form != "slices":
        return plain
    roles = [str(line.role.value)] if isinstance(line.role, Literal) else list(world.ruleset.accounts)
    layers = layers_of(world)
    case = exp.Case()
    for mark, elsewhere in (("leftover", layers.leftover_to), ("settling", layers.settles_to)):
        moved = [role for role in roles if elsewhere and booked_role(world, line, role, mark) != role]
        if moved:
            names = exp.In(this=plain.copy(), expressions=[exp.Literal.string(role) for role in moved])
            marked = exp.and_(column(mark, "s"), names, copy=False)
            case = case.when(marked, exp.Literal.string(elsewhere))
    return case.else_(plain) if case.args.get("ifs") else plain


def _refuse_negative(world: World, entries: Sequence[Entry]) -> None:
    """A negative line without `negative amounts swap sides` is an error, named with its rule."""
    for entry in entries:
        if entry.journal.negative_swaps or trues_up(entry.journal):
            continue
        # What a layer has left may be too little as well as too much.
        meant = [exp.Not(this=column("leftover"))] if "leftover" in entry.marks else []
        # The last line of what is booked is a difference, and falls on either side.
        lines = range(1, len(entry.amounts) + (0 if entry.booked else 1))
        if not lines:
            continue
        zero = exp.Literal.number("0")
        below = exp.or_(*(exp.LT(this=column(f"less {one}"), expression=zero) for one in lines), copy=False)
        where = ("company", "partner", "part")
        query = exp.select(*(column(name) for name in (*where, *(f"less {one}" for one in lines))))
        query = query.from_(table(f"sum of {entry.journal.name}")).where(below, *meant)
        order = [exp.Literal.number(str(one)) for one in range(1, len(where) + len(lines) + 1)]
        for row in world.executor.rows(query.order_by(*order).limit(1)):
            index, amount = next((at, one) for at, one in zip(lines, row[len(where) :], strict=True) if _is_below(one))
            place = ", ".join(str(one) for one in row[: len(where)] if one is not None)
            message = (
                f"line {index} of journal `{entry.journal.name}` is negative ({amount}) for {place}; "
                "if that is meant, add `negative amounts swap sides`"
            )
            raise RunStopped("T408", message, (f"journal {entry.journal.name}",))


def _is_below(amount: object) -> bool:
    return isinstance(amount, Decimal) and amount < 0
