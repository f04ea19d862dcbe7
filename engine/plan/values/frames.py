"""Frames over the rows that grains stand for: facts, slices, layers, registers, reconciliations, combinations of
keys."""

from __future__ import annotations

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.model.datatypes import DataType, Family
from engine.model.expression import Grain
from engine.model.ruleset import Layers
from engine.model.schema import Record
from engine.plan.facts import DAY, fact_columns, reaches_beyond, with_rows
from engine.plan.posting.balances import DIMENSIONS, make_ledger_balances, measures
from engine.plan.posting.corrections import SHARES, make_corrections
from engine.plan.relation import Origin, Relation, cast, column, named, table
from engine.plan.units.stock import make_daily_stock
from engine.plan.values.currencies import company_currency
from engine.plan.values.frame import EVERY_DAY, Frame, Tools
from engine.plan.values.lower import Lowerer
from engine.plan.values.occurring import beside, make_keys, named_keys
from engine.plan.world import World, date_literal

DATE = DataType(Family.DATE)
UNITS = DataType(Family.QUANTITY)
TEXT = DataType(Family.TEXT)
YES_NO = DataType(Family.YES_NO)
WHOLE = DataType(Family.NUMBER)

FACT_FIELDS: tuple[tuple[str, DataType], ...] = (
    ("known-at", DATE),
    ("mark", TEXT),
    ("identity", TEXT),
    ("currency", TEXT),
)
"""Fields every fact has beside those it declares; all are columns of every fact relation."""


def record_fields(record: Record) -> dict[str, DataType]:
    """Declared columns of a record by name, with the implied ones."""
    return {**{one.name: one.type for one in record.columns}, **dict(FACT_FIELDS)}


def fact_frame(world: World, kind: str, relation: str | None = None, mode: str = "") -> Frame:
    """Facts of a kind: the open ones as adjusted so far, unless another relation of them is named."""
    record = world.ruleset.kinds[kind].record
    names = record_fields(record)
    fields = {(kind, name): (name, type_) for name, type_ in names.items()}
    keys = {name: (name, type_) for name, type_ in names.items()}
    day = column(record.on or "", "r") if record.on else date_literal(world.period.end)
    return Frame(world, relation or world.facts(kind), fields, keys, day, mode, tools=TOOLS)


def register_frame(world: World, register: str) -> Frame:
    """Rows of a register, as of the period's end where it has history."""
    found = world.ruleset.registers[register]
    names = {one.name: one.type for one in found.record.columns}
    if world.converts:
        names.setdefault("currency", TEXT)
    fields = {(register, name): (name, type_) for name, type_ in names.items()}
    keys = {name: (name, type_) for name, type_ in names.items()}
    frame = Frame(
        world,
        register,
        fields,
        {**keys, register: (found.record.identity[0], DataType(Family.REGISTER, register))},
        tools=TOOLS,
    )
    if found.history:
        end = date_literal(world.period.end)
        since = exp.LTE(this=frame.column("valid-from"), expression=end)
        frame.filter(exp.and_(since, exp.GT(this=frame.column("valid-until"), expression=end.copy()), copy=False))
    return frame


def layers_of(world: World) -> Layers:
    """The ruleset's layers; InternalError where it has none."""
    if not world.ruleset.layers:
        raise InternalError("the ruleset has no layers")
    return next(iter(world.ruleset.layers.values()))


def layer_fields(world: World) -> dict[str, DataType]:
    """What a layer row has: its opening facts' fields, each carried name, `remaining`, `opened`, `age`."""
    layers = layers_of(world)
    found: dict[str, DataType] = {}
    for kind in layers.opening_kinds:
        found.update(record_fields(world.ruleset.kinds[kind].record))
    for name in layers.carried:
        found[name] = carried_type(world, name)
    found.pop("quantity", None)
    return {**found, "remaining": UNITS, "opened": DATE, "opening-kind": TEXT}


def carried_type(world: World, name: str) -> DataType:
    """The type of a carried name: an amount's, a decision's, or a field's of the opening facts."""
    if name in world.ruleset.amounts:
        return world.ruleset.amounts[name].type
    if name in world.ruleset.decisions:
        return world.ruleset.decisions[name].type
    for kind in layers_of(world).opening_kinds:
        for one in world.ruleset.kinds[kind].record.columns:
            if one.name == name:
                return one.type
    raise InternalError(f"{name} is carried but nothing in the opening facts supplies it")


def slice_name(touched: tuple[str, ...]) -> str:
    """The relation of slices with the fields of the facts that touched them."""
    return f"slice of {', '.join(touched)}"


def slice_frame(world: World, touched: tuple[str, ...], base: str = "slice") -> Frame:
    """Parts of layers touched by facts of some kinds; layer fields are columns `layer.NAME`.

    `base` is another relation of the same shape while slices of changes are still being made.
    """
    name = slice_name(touched) if base == "slice" else f"{base} of {', '.join(touched)}"
    if not world.has(name):
        _make_slices_of(world, touched, base, name)
    fields: dict[tuple[str, str], tuple[str, DataType]] = {}
    for label, type_ in slice_fields(world, touched).items():
        fields[("slice", label)] = (label, type_)
        for kind in touched:
            fields[(kind, label)] = (label, type_)
    for label, type_ in layer_fields(world).items():
        fields[("layer", label)] = (f"layer.{label}", type_)
    keys = {label: (label, type_) for label, type_ in slice_fields(world, touched).items()}
    frame = Frame(world, name, fields, keys, column("event-date", "r"), tools=TOOLS)
    layers = layers_of(world)
    changes = [change for change in layers.changes if change.kind in touched and base == "slice"]
    made = world.relation(name)
    for label in layers.carried:
        frame.expose("layer", label, carried_type(world, label), made, f"layer.{label}")
    for change in changes:
        type_ = carried_type(world, change.carried)
        frame.expose("layer", f"{change.carried}:after", type_, made, f"after.{change.carried}")
    frame.changes = tuple(changes)
    frame.carried = (*layers.carried, *(f"{change.carried}:after" for change in changes))
    frame.leftover_apart = layers.leftover == "apart" and base == "slice"
    return frame


def slice_fields(world: World, touched: tuple[str, ...]) -> dict[str, DataType]:
    """What a slice row has: the touching fact's fields, its part's quantity and the event."""
    found: dict[str, DataType] = {}
    for kind in touched:
        found.update(record_fields(world.ruleset.kinds[kind].record))
    return {**found, "quantity": UNITS, "returning": YES_NO, "event-date": DATE, "event-kind": TEXT}


def _make_slices_of(world: World, touched: tuple[str, ...], base: str, relation_name: str) -> None:
    """A view: slices joined to their facts (one branch for each kind) and to the layer's opening fact.

    A leftover row is its fact's only in name: it has no units, and no money of the fact.
    """
    wanted = {name: type_ for name, type_ in slice_fields(world, touched).items() if name not in SLICE_OWN}
    origin_types = dict(world.relation("layer origin").columns)
    layer_names = [name for name in origin_types if name not in ("layer", "pool")]
    own = [name for name, _ in world.relation(base).columns]
    branches: list[exp.Select] = []
    for kind in touched:
        have = {name for name, _ in fact_columns(world.ruleset.kinds[kind].record)}
        selected: list[exp.Expr] = [column(name, "s") for name in own]
        for name, type_ in wanted.items():
            value: exp.Expr = column(name, "f") if name in have else exp.Null()
            if "leftover" in own and type_.family is Family.MONEY:
                value = exp.Case().when(column("leftover", "s"), exp.Literal.number("0")).else_(value)
            selected.append(named(cast(value, type_.storage), name))
        selected += [named(column(name, "l"), f"layer.{name}") for name in layer_names if f"layer.{name}" not in own]
        matched = exp.EQ(this=column("fact", "f"), expression=column("fact", "s"))
        origin_of = exp.EQ(this=column("layer", "l"), expression=column("layer", "s"))
        branch = (
            exp.select(*selected)
            .from_(table(base, "s"))
            .join(table(acting_facts(world, kind), "f"), on=matched, copy=False)
            .join(table("layer origin", "l"), on=origin_of, copy=False)
            .where(exp.EQ(this=column("event-kind", "s"), expression=exp.Literal.string(kind)))
        )
        branches.append(branch)
    query: exp.Query = branches[0]
    for branch in branches[1:]:
        query = exp.union(query, branch, distinct=False, copy=False)
    columns = [(name, storage) for name, storage in world.relation(base).columns]
    columns += [(name, type_.storage) for name, type_ in wanted.items()]
    columns += [(f"layer.{name}", origin_types[name]) for name in layer_names if f"layer.{name}" not in own]
    rule = Origin(f"slices of {', '.join(touched)}", layers_of(world).span)
    world.add(Relation(relation_name, world.relation(base).grain, tuple(columns), query, rule, stored=False))


def acting_facts(world: World, kind: str) -> str:
    """The relation of a kind's facts that may act in this run: open ones, and those that waited for a receipt."""
    waiting = f"handed waiting {kind}"
    name = f"{kind} acting"
    if waiting not in world.given:
        return world.facts(kind)
    if not world.has(name):
        record = world.ruleset.kinds[kind]
        chosen = exp.select(*(column(one) for one, _ in fact_columns(record.record))).from_(table(world.facts(kind)))
        query = with_rows(world, chosen, [waiting], record)
        rule = Origin(f"kind {kind}", record.span)
        world.add(Relation(name, ("fact",), fact_columns(record.record), query, rule, stored=False))
    return name


SLICE_OWN = ("quantity", "returning", "event-date", "event-kind")
"""Fields a slice row has of its own, not of the fact that touched it."""


def layer_frame(world: World) -> Frame:
    """Pieces of layers that hold units at the period's end."""
    names = layer_fields(world)
    fields = {("layer", name): (name, type_) for name, type_ in names.items()}
    frame = Frame(world, "layer", fields, {name: (name, type_) for name, type_ in names.items()}, tools=TOOLS)
    for name in layers_of(world).carried:
        frame.expose("layer", name, carried_type(world, name), world.relation("layer"))
    return frame


def reconciliation_frame(world: World, name: str, relation: str | None = None) -> Frame:
    """Rows of a reconciliation with its locals and the tables decided for it."""
    found = world.ruleset.reconciliations[name]
    made = world.relation(relation or world.facts(name))
    fields: dict[tuple[str, str], tuple[str, DataType]] = {
        (name, "expected"): ("expected", UNITS),
        (name, "reported"): ("reported", UNITS),
    }
    keys = {key.name: (key.name, key.type) for key in found.grain.keys}
    fields.update({(name, key.name): (key.name, key.type) for key in found.grain.keys})
    frame = Frame(world, made.name, fields, keys, tools=TOOLS)
    for local in found.locals:
        frame.expose(name, local.name, local.value.type, made)
    for one in world.ruleset.tables.values():
        if one.grain.rows == (name,) and f"{one.name}:row" in made.column_names:
            frame.take_decided(one, made)
    return frame


def paired_frame(world: World, grain: Grain, relation: str, mode: str) -> Frame:
    """Facts of a kind, each with every row of the registers that stand beside it in the grain."""
    kind = grain.rows[0]
    others = [name for name in beside(world.ruleset, grain) if name != "period"]
    if not others:
        return fact_frame(world, kind, relation, mode)
    name = f"{relation} by {', '.join(others)}"
    made = world.relation(relation)
    if not world.has(name):
        query = exp.select(*(column(one, "f") for one in made.column_names)).from_(table(relation, "f"))
        for other in others:
            identity = world.ruleset.registers[other].record.identity[0]
            rows = exp.select(named(column(identity), other)).distinct().from_(table(other))
            query = query.select(column(other, other)).join(
                rows.subquery(exp.to_identifier(other, quoted=True)), join_type="cross", copy=False
            )
        types = tuple((other, DataType(Family.REGISTER, other).storage) for other in others)
        world.add(Relation(name, (*made.grain, *others), (*made.columns, *types), query, made.origin, stored=False))
    frame = fact_frame(world, kind, name, mode)
    frame.keys.update({other: (other, DataType(Family.REGISTER, other)) for other in others})
    return frame


def keys_frame(world: World, grain: Grain) -> Frame:
    """Combinations of keys that occur up to the period, or those of stock that move on a day of it."""
    if grain.key(DAY) is not None:
        return _moving_days_frame(world, grain)
    keys = {key.name: (key.name, key.type) for key in named_keys(grain)}
    return Frame(world, make_keys(world, grain), {}, keys, tools=TOOLS)


def _moving_days_frame(world: World, grain: Grain) -> Frame:
    """Keys of stock on the first day of the period, and on each later day on which they move."""
    keys = {key.name: (key.name, key.type) for key in named_keys(grain)}
    name = f"days of {', '.join(keys)}"
    if not world.has(name):
        start = date_literal(world.period.start)
        earlier = exp.LT(this=column(DAY), expression=start)
        day = exp.Case().when(earlier, start.copy()).else_(column(DAY))
        query = exp.select(*(column(one) for one in keys), named(day, DAY)).distinct()
        columns = (*((one, type_.storage) for one, (_, type_) in keys.items()), (DAY, "DATE"))
        rows = query.from_(table(make_daily_stock(world)))
        world.add(Relation(name, (*keys, DAY), columns, rows, Origin("stock by day")))
    return Frame(world, name, {}, {**keys, DAY: (DAY, DATE)}, column(DAY, "r"), tools=TOOLS)


def balance_frame(world: World) -> Frame:
    """Balances of the ledger as posted so far, by role, dimension and currency."""
    name = make_ledger_balances(world)
    texts = {one: (one, TEXT) for one, storage in world.relation(name).columns if storage == "VARCHAR"}
    keys = {one: kept for one, kept in texts.items() if one not in ("nature", "normal")}
    frame = Frame(world, name, {("ledger-balance", one): kept for one, kept in texts.items()}, keys, tools=TOOLS)
    made = world.relation(name)
    frame.expose("ledger-balance", "amount", DataType(Family.MONEY), made)
    frame.expose("ledger-balance", "booked", DataType(Family.MONEY, "company"), made, measures(world)[-1])
    return frame


def correction_frame(world: World) -> Frame:
    """Corrections of closed periods, by company, role and origin."""
    made = make_corrections(world)
    keys = {one: (one, TEXT) for one in made.grain}
    kept = {**keys, "cause": ("cause", TEXT), "known-at": ("known-at", DATE), "flagged": ("flagged", YES_NO)}
    frame = Frame(
        world, made.name, {("correction", one): known for one, known in kept.items()}, keys, column("known-at", "r"),
        tools=TOOLS,
    )  # fmt: skip
    frame.expose("correction", "amount", DataType(Family.MONEY, "company"), made)
    for share in SHARES:
        frame.expose("correction", share, DataType(Family.RATE), made)
    return frame


def line_frame(world: World, name: str) -> Frame:
    """Lines of the ledger: as segment tables read them, still without segments, or as they were posted."""
    base = world.relation(name)
    fields: dict[tuple[str, str], tuple[str, DataType]] = {
        ("ledger-line", one): (one, TEXT) for one, storage in base.columns if storage == "VARCHAR"
    }
    fields[("ledger-line", "nature")] = ("account.nature", TEXT)
    keys = {one: (one, TEXT) for one in (*DIMENSIONS, "currency")}
    keys |= {"ledger-line": ("id", TEXT)} if "id" in base.column_names else {}
    frame = Frame(world, base.name, fields, keys, tools=TOOLS)
    frame.expose("ledger-line", "amount", DataType(Family.MONEY), base)
    frame.expose("ledger-line", "booked", DataType(Family.MONEY, "company"), base, measures(world)[-1])
    return frame


def currency_frame(world: World, grain: Grain) -> Frame:
    """The rows of a grain; combinations of keys with each currency they occur in."""
    if grain.form != "keys":
        return frame_of(world, grain)
    keys = {key.name: (key.name, key.type) for key in named_keys(grain)}
    frame = Frame(world, make_keys(world, grain, True), {}, {**keys, "currency": ("currency", TEXT)}, tools=TOOLS)
    frame.by_currency = True
    return frame


def frame_of(world: World, grain: Grain, mode: str = "", everything: bool = False) -> Frame:
    """A frame over the rows a grain stands for; `everything` takes all facts known, closed periods included."""
    if grain.form == "slices":
        return slice_frame(world, grain.touched)
    if grain.form == "layers":
        return layer_frame(world)
    if grain.form == "balances":
        return balance_frame(world)
    if grain.form == "corrections":
        return correction_frame(world)
    if grain.form == "lines":
        return line_frame(world, "ledger line")
    if grain.form == "rows":
        row = grain.rows[0]
        if row in world.ruleset.kinds:
            everything = everything or "period" in beside(world.ruleset, grain)
            frame = paired_frame(world, grain, world.known(row) if everything else world.facts(row), mode)
            if reaches_beyond(world.ruleset, row) and mode != EVERY_DAY:
                frame.filter(exp.LTE(this=frame.date.copy(), expression=date_literal(world.period.end)))
            return frame
        if row in world.ruleset.reconciliations:
            return reconciliation_frame(world, row)
        return register_frame(world, row)
    return keys_frame(world, grain)


def history_frame(world: World, reconciliation: str) -> Frame:
    """Rows of a reconciliation of this period and the closed ones before it, where any were handed over."""
    history = f"{reconciliation} history"
    return reconciliation_frame(world, reconciliation, history if world.has(history) else None)


TOOLS = Tools(Lowerer, frame_of, history_frame, fact_frame, company_currency)
