"""Journals: from rows and slices to postings at their summary grain, and the lines that carry an account.

`entry J` has one row for each fact or slice with its rounded amounts (the subledger); `posting` sums them by journal,
line, role, side, company, partner, part, currency and origin period; `ledger line` adds account, segments and the
line's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import ItemOf, Literal
from engine.model.ruleset import Account, Journal, PostingLine
from engine.plan.effective import in_effect
from engine.plan.fragments import WITNESS, as_stored
from engine.plan.frame import Frame
from engine.plan.frames import TOOLS, frame_of, layers_of
from engine.plan.numbers import Value, rounded
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.stock import union_all
from engine.plan.world import RunStopped, World, date_literal, empty

DIMENSIONS = ("company", "partner", "part", "programme", "authorisation")
TEXT = DataType(Family.TEXT)
BACK_PERIODS = 120
"""Closed periods before the current one that a late line's origin is looked up in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The made entry relation of a journal: its amount columns line by line, and role columns where a field names the
    role."""

    journal: Journal
    name: str
    amounts: tuple[str, ...]
    roles: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """The yes/no columns that decide sides and roles of its lines."""
        return tuple(name for name in ("returning", "settling", "leftover") if name in self.keys)


def entry_name(journal: Journal) -> str:
    """The relation of a journal's subledger rows."""
    return f"entry {journal.name}"


def make_entry(world: World, journal: Journal, shown: tuple[str, ...] = ()) -> Entry:
    """The subledger rows of one journal, with the fields named in `shown` where the row has them; RunStopped where it
    cannot be told whether a row posts."""
    frame = frame_of(world, journal.grain)
    rule = Origin(f"journal {journal.name}", journal.span)
    if frame.leftover_apart and not _takes_leftovers(world, journal):
        frame.filter(exp.Not(this=frame.column("leftover")))
    if journal.when is not None:
        frame.prepare(journal.when, journal.grain)
        applies = frame.tests(journal.when)
        if world.strict:
            unknown = exp.Is(this=exp.Paren(this=applies), expression=exp.Null())
            sentence = (
                f"it cannot be told whether journal `{journal.name}` posts: something its `when` reads has no row"
            )
            frame.guard("T205", sentence, (f"journal {journal.name}",), unknown)
            applies = frame.tests(journal.when)
        frame.filter(applies)
    if dates := in_effect(journal.meta, frame.lower(journal.posts_on, journal.grain).sql):
        frame.filter(exp.and_(*dates, copy=False))
    for local in journal.locals:
        frame.define(local.name, frame.lower(local.value, journal.grain))
    lines = [line for line in journal.lines if isinstance(line, PostingLine)]
    frame.prepare((*(line.value for line in lines), *(line.role for line in lines), journal.posts_on), journal.grain)
    outputs = _entry_keys(frame, journal)
    taken = {name for name, _ in outputs}
    outputs += [(name, value) for name, value in _shown_fields(frame, shown) if name not in taken]
    keys = tuple(name for name, _ in outputs)
    amounts, roles = [], []
    for index, line in enumerate(lines, start=1):
        amounts.append(f"amount {index}")
        outputs.append((amounts[-1], _narrow(frame, frame.value(line.value), world)))
        roles.append("" if isinstance(line.role, Literal) else f"role {index}")
        if roles[-1]:
            outputs.append((roles[-1], frame.value(line.role)))
    frame.relation(entry_name(journal), (), outputs, rule)
    entry = Entry(journal, entry_name(journal), tuple(amounts), tuple(roles), keys)
    if world.strict:
        _refuse_missing(world, entry)
    return entry


def _refuse_missing(world: World, entry: Entry) -> None:
    """An amount or role that cannot be told is an error that names its row, never a line left out."""
    names = [*entry.amounts, *(name for name in entry.roles if name)]
    lacking = exp.or_(*(exp.Is(this=column(name), expression=exp.Null()) for name in names), copy=False)
    shown = [name for name in WITNESS if name in entry.keys]
    chosen = [column(name) for name in (*shown, *names)]
    query = exp.select(*chosen).from_(table(entry.name)).where(lacking).order_by(*chosen).limit(1)
    for row in world.executor.rows(query):
        values = dict(zip((*shown, *names), row, strict=True))
        first = next(name for name in names if values[name] is None)
        where = ", ".join(f"{name} {values[name]}" for name in shown if values[name] is not None)
        message = (
            f"line {first.split()[1]} of journal `{entry.journal.name}` has no {first.split()[0]}: "
            f"something it reads has no row, or it divides by nothing; first at {where}"
        )
        raise RunStopped("T205", message, (f"journal {entry.journal.name}",))


def _narrow(frame: Frame, value: Value, world: World) -> Value:
    """A posted amount at the minor unit; T203 sees to it that it was rounded, so nothing is lost here."""
    if value.over is not None or value.scale is None:
        raise InternalError(f"an unrounded amount reached a posting over {frame.base}")
    exact = value if value.scale <= world.digits else rounded(value, world.digits, world.half)
    return Value(exact.sql, value.type, exact.scale, kept_as=f"DECIMAL(18,{world.digits})")


def _marks(frame: Frame) -> tuple[str, ...]:
    """The columns of a slice that decide sides and roles."""
    return ("returning", "settling", "leftover") if frame.leftover_apart else ("returning", "settling")


def _entry_keys(frame: Frame, journal: Journal) -> list[tuple[str, Value]]:
    """What identifies a subledger row and what its lines are summed by."""
    outputs = [(name, _dimension(frame, name)) for name in (*DIMENSIONS, "currency")]
    outputs.append(("posting-date", frame.value(journal.posts_on)))
    integer, yes_no = DataType(Family.NUMBER), DataType(Family.YES_NO)
    if journal.grain.form == "slices":
        units = DataType(Family.QUANTITY)
        outputs += [
            *((name, Value(frame.column(name), integer, 0, kept_as="BIGINT")) for name in ("fact", "event", "layer")),
            *(
                (name, Value(frame.column(name), units, 3, kept_as=units.storage))
                for name in ("layer.from", "layer.to", "quantity")
            ),
            *((name, Value(frame.column(name), yes_no)) for name in _marks(frame)),
        ]
        outputs.append(("event-kind", Value(frame.column("event-kind"), TEXT)))
        return outputs
    fact = frame.column("fact") if journal.grain.form == "rows" else empty("BIGINT")
    outputs.append(("fact", Value(fact, integer, 0, kept_as="BIGINT")))
    outputs += [(name, Value(exp.false(), yes_no)) for name in ("returning", "settling")]
    return outputs


def _shown_fields(frame: Frame, shown: tuple[str, ...]) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    for name in shown:
        row, _, field = name.partition(".")
        if row == "layer" and ("layer", field) in frame.fields:
            found.append((name, frame.field("layer", field)))
        elif name in frame.keys:
            found.append((name, frame.key(name)))
    return found


def _dimension(frame: Frame, name: str) -> Value:
    """A dimension of the line: the row's key or field of that name, else the layer's, else missing."""
    if name in frame.keys:
        found = frame.keys[name]
        return Value(frame.column(found[0]), found[1])
    if ("layer", name) in frame.fields:
        return frame.field("layer", name)
    if name == "currency":
        return Value(exp.Literal.string(frame.world.ruleset.head.currency), TEXT)
    return Value(empty("VARCHAR"), TEXT)


# ---- postings ----------------------------------------------------------------------------------------------------

POSTING: tuple[tuple[str, str], ...] = (
    ("journal", "VARCHAR"),
    ("line", "INTEGER"),
    ("role", "VARCHAR"),
    ("side", "VARCHAR"),
    *((name, "VARCHAR") for name in DIMENSIONS),
    ("currency", "VARCHAR"),
    ("origin", "VARCHAR"),
)


def make_postings(world: World, entries: list[Entry]) -> None:
    """`posting`: every journal's lines summed at the summary grain, each on the side it falls on, no line of zero."""
    money = f"DECIMAL(38,{world.digits})"
    columns = (*POSTING, ("amount", money), ("rows", "BIGINT"))
    _make_past_periods(world)
    branches = [branch for entry in entries for branch in _posting_branches(world, entry, money)]
    if not branches:
        nothing = [named(empty(storage), name) for name, storage in columns]
        world.add(Relation("posting", (), columns, exp.select(*nothing).where(exp.false()), Origin("journals")))
        return
    world.add(Relation("posting", tuple(name for name, _ in POSTING), columns, union_all(branches), Origin("journals")))
    _refuse_negative(world, entries)


def _make_past_periods(world: World) -> None:
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
    origin = exp.Case().when(late, column("origin", "p")).else_(exp.Literal.string(world.period.name))
    inside = exp.and_(
        late.copy(),
        exp.GTE(this=column("posting-date", "e"), expression=column("start", "p")),
        exp.LTE(this=column("posting-date", "e"), expression=column("end", "p")),
        copy=False,
    )
    keys: list[exp.Expr] = [column(name, "e") for name in (*DIMENSIONS, "currency", *entry.marks)]
    keys += [column(name, "e") for name in entry.roles if name]
    keys.append(named(origin, "origin"))
    sums: list[exp.Expr] = []
    zero = exp.Literal.number("0")
    for index, name in enumerate(entry.amounts, start=1):
        amount = column(name, "e")
        for label, node in (("more", exp.GT), ("less", exp.LT)):
            part = exp.Case().when(node(this=amount.copy(), expression=zero.copy()), amount.copy())
            total = exp.Coalesce(this=exp.Sum(this=part), expressions=[zero.copy()])
            sums.append(named(cast(total, money), f"{label} {index}"))
            sums.append(named(exp.Count(this=part.copy()), f"{label} rows {index}"))
    query = (
        exp.select(*keys, *sums).from_(rows).join(table("past period", "p"), on=inside, join_type="left", copy=False)
    )
    return query.group_by(*(exp.Literal.number(str(index + 1)) for index in range(len(keys))))


def _posting_branches(world: World, entry: Entry, money: str) -> list[exp.Query]:
    """The sums as rows: a line for each side it falls on. What comes back and what is negative swap sides."""
    name = f"sum of {entry.journal.name}"
    selects = _sums(world, entry, money)
    columns = [(one, "VARCHAR") for one in (*DIMENSIONS, "currency")]
    columns += [(one, "BOOLEAN") for one in entry.marks]
    columns += [(one, "VARCHAR") for one in entry.roles if one]
    columns.append(("origin", "VARCHAR"))
    for index in range(1, len(entry.amounts) + 1):
        for label in ("more", "less"):
            columns += [(f"{label} {index}", money), (f"{label} rows {index}", "BIGINT")]
    rule = Origin(f"journal {entry.journal.name}", entry.journal.span)
    world.add(Relation(name, (), tuple(columns), selects, rule))
    lines = [line for line in entry.journal.lines if isinstance(line, PostingLine)]
    return [
        _posting_branch(world, entry, name, index, line, label, money)
        for index, line in enumerate(lines, start=1)
        for label in ("more", "less")
    ]


def _posting_branch(
    world: World, entry: Entry, source: str, index: int, line: PostingLine, label: str, money: str
) -> exp.Query:
    other = "credit" if line.side == "debit" else "debit"
    forward, back = (line.side, other) if label == "more" else (other, line.side)
    side = exp.Case().when(column("returning", "s"), exp.Literal.string(back)).else_(exp.Literal.string(forward))
    role = _role(world, entry, index, line)
    own: dict[str, exp.Expr] = {
        "journal": exp.Literal.string(entry.journal.name),
        "line": cast(exp.Literal.number(str(index)), "INTEGER"),
        "role": role,
        "side": side,
    }
    selected = [named(own[name], name) if name in own else column(name, "s") for name, _ in POSTING]
    amount = exp.Sum(this=exp.Abs(this=column(f"{label} {index}", "s")))
    count = cast(exp.Sum(this=column(f"{label} rows {index}", "s")), "BIGINT")
    some = exp.NEQ(this=column(f"{label} {index}", "s"), expression=exp.Literal.number("0"))
    query = (
        exp.select(*selected, named(cast(amount, money), "amount"), named(count, "rows"))
        .from_(table(source, "s"))
        .where(some)
    )
    return query.group_by(*(exp.Literal.number(str(number + 1)) for number in range(len(selected))))


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


def booked_role(world: World, line: PostingLine, role: str, mark: str) -> str:
    """The role a line of a slice journal books under when its slice is marked `settling` or `leftover` ('' when
    neither).

    A settlement restates balances and sends differences of income elsewhere. Leftover cents leave only the account that
    holds the layer's value: one that is not monetary, on the side that empties it.
    """
    layers, account = layers_of(world), world.ruleset.accounts.get(role)
    if mark == "leftover":
        return role if account is not None and _empties(account, line.side) else layers.leftover_to
    earned = account is None or account.type in RESULTS
    return layers.settles_to if mark == "settling" and earned and layers.settles_to else role


RESULTS = ("revenue", "expense")


def _empties(account: Account, side: str) -> bool:
    return account.type not in RESULTS and not account.monetary and account.normal != side


def _takes_leftovers(world: World, journal: Journal) -> bool:
    """Whether some line of a slice journal can empty the account that holds a layer's value."""
    roles = list(world.ruleset.accounts)
    for line in (line for line in journal.lines if isinstance(line, PostingLine)):
        named_roles = [str(line.role.value)] if isinstance(line.role, Literal) else roles
        if any(booked_role(world, line, role, "leftover") == role for role in named_roles):
            return True
    return False


def _refuse_negative(world: World, entries: list[Entry]) -> None:
    """A negative line without `negative amounts swap sides` is an error, named with its rule."""
    for entry in entries:
        if entry.journal.negative_swaps:
            continue
        # What a layer has left may be too little as well as too much.
        meant = [exp.Not(this=column("leftover"))] if "leftover" in entry.marks else []
        for index in range(1, len(entry.amounts) + 1):
            found = world.executor.rows(
                exp.select(*(column(name) for name in ("company", "partner", "part", f"less {index}")))
                .from_(table(f"sum of {entry.journal.name}"))
                .where(exp.LT(this=column(f"less {index}"), expression=exp.Literal.number("0")), *meant)
                .order_by(exp.Literal.number("1"), exp.Literal.number("2"), exp.Literal.number("3"))
                .limit(1)
            )
            if found:
                where = ", ".join(str(one) for one in found[0][:3] if one is not None)
                message = (
                    f"line {index} of journal `{entry.journal.name}` is negative ({found[0][3]}) for {where}; "
                    "if that is meant, add `negative amounts swap sides`"
                )
                raise RunStopped("T408", message, (f"journal {entry.journal.name}",))


# ---- ledger lines ------------------------------------------------------------------------------------------------


def make_ledger_lines(world: World) -> None:
    """`ledger line`: postings with account, segments and number, in one total order."""
    _make_accounts(world)
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
        expression=exp.DPipe(this=exp.Literal.string(f"{world.period.name}-"), expression=number),
    )
    names = [named(label, "id"), *(named(sql, name) for name, sql, _ in result)]
    columns = (("id", "VARCHAR"), *((name, storage) for name, _, storage in result))
    query = frame.rows_query([]).select(*names)
    world.add(Relation("ledger line", ("id",), columns, query, Origin("accounts and segments")))


def _make_accounts(world: World) -> None:
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
    total = named(cast(exp.Sum(this=column("amount")), money), "amount")
    rows = named(cast(exp.Sum(this=column("rows")), "BIGINT"), "rows")
    summed = exp.select(*(column(name) for name in keys), total, rows).from_(table("posting"))
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
    query = exp.select(*chosen, column("amount", "s"), column("rows", "s"), *account)
    query = query.from_(summed.subquery(exp.to_identifier("s", quoted=True)))
    query = query.join(table("account", "a"), on=same, join_type="left", copy=False)
    columns = (
        ("number", "BIGINT"), ("period", "VARCHAR"), *POSTING, ("amount", money), ("rows", "BIGINT"),
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


def line_frame(world: World, name: str) -> Frame:
    """Ledger lines, with their accounts and without segments, as rows that segment tables read."""
    base = world.relation(name)
    fields: dict[tuple[str, str], tuple[str, DataType]] = {
        ("ledger-line", name): (name, TEXT) for name, storage in base.columns if storage == "VARCHAR"
    }
    fields[("ledger-line", "nature")] = ("account.nature", TEXT)
    frame = Frame(world, base.name, fields, {name: (name, TEXT) for name in (*DIMENSIONS, "currency")}, tools=TOOLS)
    frame.expose("ledger-line", "amount", DataType(Family.MONEY), base)
    frame.expose("ledger-line", "booked", DataType(Family.MONEY), base, "amount")
    return frame


def posts_within(journal: Journal, world: World) -> bool:
    """Whether a journal's own effective dates hold the period."""
    meta = journal.meta
    begun = meta.effective_from is None or meta.effective_from <= world.period.end
    return begun and (meta.effective_through is None or meta.effective_through >= world.period.start)
