"""Tie-outs: what must be equal whatever the rules say. A failed one refuses publication."""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from engine.model.ruleset import Layers
from engine.plan.posting.balances import measures
from engine.plan.posting.journal import Entry
from engine.plan.posting.reversals import REVERSAL
from engine.plan.relation import column, table
from engine.plan.world import World
from engine.run.close import Run
from engine.run.results import TieOut


def tie_outs(run: Run) -> tuple[TieOut, ...]:
    """Every tie-out the run's relations allow."""
    world = run.world
    found: list[TieOut] = []
    if world.has("ledger line"):
        found += [_debits_are_credits(world), *([_booked_in_balance(world)] if world.converts else [])]
        found.append(_every_line_has_an_account(world))
    if world.is_own("stock"):
        found.append(_units_conserved(world))
    if world.is_own("unit-open") and world.has("stock"):
        found += [_layers_are_stock(world), _slices_are_events(world)]
    if run.entries:
        found.append(_sources_are_used(run))
    return tuple(found)


def _number(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def _debits_are_credits(world: World) -> TieOut:
    """By journal, company, partner, part, currency and origin: one entry each."""
    keys = ("journal", "company", "partner", "part", "programme", "authorisation", "currency", "origin")
    sentence = "debits = credits in each of {} entries, by company and currency"
    return _in_balance(world, "debits = credits", keys, "amount", sentence)


def _booked_in_balance(world: World) -> TieOut:
    """The same in the company's currency, whatever currencies an entry is in."""
    keys = ("journal", "company", "partner", "part", "programme", "authorisation", "origin")
    sentence = "debits = credits as booked in each of {} entries, in the company's currency"
    return _in_balance(world, "debits = credits as booked", keys, "booked", sentence)


def _in_balance(world: World, name: str, by: tuple[str, ...], measure: str, sentence: str) -> TieOut:
    keys = [column(one) for one in by]
    debit = exp.EQ(this=column("side"), expression=exp.Literal.string("debit"))
    signed = exp.Sum(this=exp.Case().when(debit, column(measure)).else_(exp.Neg(this=column(measure))))
    grouped = (
        exp.select(*keys, exp.alias_(signed, "net")).from_(table("ledger line")).group_by(*(one.copy() for one in keys))
    )
    entries = world.count(grouped)
    off = exp.NEQ(this=exp.column("net"), expression=exp.Literal.number("0"))
    broken = world.executor.rows(
        exp.select(exp.Star()).from_(grouped.subquery("entry")).where(off).order_by(exp.column("net")).limit(1)
    )
    if not broken:
        return TieOut(name, True, sentence.format(f"{entries:,}"), True)
    journal, *where, net = broken[0]
    place = ", ".join(str(one) for one in where if one is not None)
    said = f"journal {journal} is out by {net} for {place}"
    return TieOut(name, False, said, True, f"tieout sql 'entry {journal}'")


def _every_line_has_an_account(world: World) -> TieOut:
    lacking = exp.Is(this=column("account"), expression=exp.Null())
    rows = world.executor.rows(
        exp.select(column("role")).distinct().from_(table("ledger line")).where(lacking).order_by(column("role"))
    )
    if not rows:
        return TieOut("accounts", True, "every line has an account", True)
    names = ", ".join(str(row[0]) for row in rows)
    return TieOut("accounts", False, f"no account for {names}", True, "add the role to `accounts`")


def _units_conserved(world: World) -> TieOut:
    """opening + received - issued = closing for every key and bucket, and all movements together come to nothing."""
    sides = exp.Sub(this=exp.Add(this=column("opening"), expression=column("received")), expression=column("issued"))
    off = exp.NEQ(this=exp.Paren(this=sides), expression=column("closing"))
    keys = [
        name
        for name in world.relation("stock").column_names
        if name not in ("bucket", "opening", "received", "issued", "closing")
    ]
    combinations = world.count(exp.select(*(column(name) for name in keys)).distinct().from_(table("stock")))
    broken = world.count(exp.select(exp.Literal.number("1")).from_(table("stock")).where(off))
    moved = _number(
        world.executor.rows(
            exp.select(exp.Sum(this=exp.Sub(this=column("received"), expression=column("issued")))).from_(
                table("stock")
            )
        )[0][0]
    )
    passed = broken == 0 and moved == 0
    held = f"{combinations - broken:,} of {combinations:,} keys"
    sentence = f"units: opening + in - out = closing for {held}; nothing appears or is lost"
    return TieOut("units conserved", passed, sentence, True, "" if passed else "tieout sql stock")


def _layers_are_stock(world: World) -> TieOut:
    """Pool by pool: units in layers = units in the covered buckets + units absorbed that no layer gave up - units
    owed."""
    layers = next(iter(world.ruleset.layers.values()))
    keys = [key.name for key in layers.grain.keys]
    measured = exp.union(*_measures(layers, keys), distinct=False).subquery("m")
    names = ("stock", "ignored", "waiting", "held")
    sums = [exp.alias_(exp.Sum(this=exp.column(name, table="m")), name) for name in names]
    by_pool = (
        exp.select(*(column(key, "m") for key in keys), *sums)
        .from_(measured)
        .group_by(*(column(key, "m") for key in keys))
    )
    pools = by_pool.subquery("p")
    expected = exp.Add(
        this=exp.column("stock"), expression=exp.Add(this=exp.column("ignored"), expression=exp.column("waiting"))
    )
    differ = exp.NEQ(this=expected, expression=exp.column("held"))
    wrong = world.count(exp.select(exp.Star()).from_(pools).where(differ))
    total, *figures = world.executor.rows(
        exp.select(exp.Count(this=exp.Star()), *(exp.Sum(this=exp.column(name)) for name in names)).from_(pools)
    )[0]
    stock, ignored, waiting, held = (_number(one).scaleb(-3) for one in figures)
    sentence = f"units in layers = units in {', '.join(layers.buckets)}: {_units(held)} = {_units(stock)}"
    if ignored:
        sentence += f" + {_units(ignored)} absorbed, not recognised"
    if waiting:
        sentence += f" + {_units(waiting)} sold and waiting for a receipt"
    sentence += f" in {_number(total):,} pools"
    if wrong == 0:
        return TieOut("units in layers", True, sentence, True)
    return TieOut("units in layers", False, f"{sentence}; they differ in {wrong:,}", True, "tieout sql layer")


def _units(value: Decimal) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def _measures(layers: Layers, keys: list[str]) -> list[exp.Select]:
    """One row for each thing counted, in thousandths of a unit: (pool keys, stock, ignored, waiting, held)."""
    zero = exp.Literal.number("0")
    names = ("stock", "ignored", "waiting", "held")

    def row(source: exp.Select | exp.Expr, name: str, value: exp.Expr, alias: str = "") -> exp.Select:
        shown = [exp.alias_(value if one == name else zero.copy(), one) for one in names]
        return exp.select(*(column(key, alias or None) for key in keys), *shown).from_(source)

    in_buckets = exp.In(this=column("bucket"), expressions=[exp.Literal.string(one) for one in layers.buckets])
    units = exp.Mul(this=column("closing"), expression=exp.Literal.number("1000"))
    found = [
        row(table("stock"), "stock", units).where(in_buckets),
        row(table("ignored unit"), "ignored", column("units")),
    ]
    same = exp.EQ(this=column("pool", "p"), expression=column("pool", "u"))
    span = exp.Paren(this=exp.Sub(this=column("to", "u"), expression=column("from", "u")))
    found.append(row(table("unit-open", "u"), "held", span, "p").join(table("pool", "p"), on=same, copy=False))
    pools = table("pool", "p")
    owed = [row(table(name, "u"), "waiting", column("quantity", "u"), "p") for name in ("unit-waiting", "unit-owed")]
    return [*found, *(one.join(pools.copy(), on=same.copy(), copy=False) for one in owed)]


def _slices_are_events(world: World) -> TieOut:
    """Every fact that enters or leaves is placed wholly: its slices, with what waits, are its quantity."""
    leaves = exp.In(this=column("class", "e"), expressions=[exp.Literal.number("3"), exp.Literal.number("4")])
    slices = exp.select(
        column("event"), exp.alias_(exp.Sub(this=column("to"), expression=column("from")), "units")
    ).from_(table("unit-slice"))
    slices = slices.where(exp.Not(this=column("settling")))
    waiting = exp.select(column("event"), exp.alias_(column("quantity"), "units")).from_(table("unit-waiting"))
    reopened = exp.select(column("event"), exp.alias_(column("quantity"), "units")).from_(table("unit-reopened"))
    placed = exp.union(slices, waiting, reopened, distinct=False).subquery("u")
    by_event = (
        exp.select(column("event", "u"), exp.alias_(exp.Sum(this=exp.column("units", table="u")), "units"))
        .from_(placed)
        .group_by(column("event", "u"))
    )
    same = exp.EQ(this=exp.column("event", table="s"), expression=column("event", "e"))
    zero = exp.Literal.number("0")
    off = exp.NEQ(
        this=exp.Coalesce(this=exp.column("units", table="s"), expressions=[zero]), expression=column("quantity", "e")
    )
    query = exp.select(column("kind", "e"), column("identity", "e")).from_(table("event", "e"))
    query = query.join(by_event.subquery("s"), on=same, join_type="left", copy=False).where(leaves, off)
    wrong = world.executor.rows(query.order_by(column("kind", "e"), column("identity", "e")).limit(1))
    events = world.count(exp.select(exp.Literal.number("1")).from_(table("event", "e")).where(leaves.copy()))
    if not wrong:
        return TieOut(
            "source units used", True, f"each of {events:,} departures and returns is placed to the last unit", True
        )
    name = str(wrong[0][1]).replace("\x1f", " ")
    return TieOut(
        "source units used", False, f"{wrong[0][0]} {name} is not placed wholly", True, "tieout explain --not ROW"
    )


def _sources_are_used(run: Run) -> TieOut:
    """The amounts of the subledger are the amounts of the ledger, journal by journal."""
    world = run.world
    wrong: list[str] = []
    rows = 0
    for entry in run.entries:
        amounts: list[exp.Expr] = [exp.Sum(this=exp.Abs(this=column(name))) for name in entry.amounts]
        amounts += [_booked_sum(entry, index) for index in range(len(entry.booked))]
        found = world.executor.rows(exp.select(exp.Count(this=exp.Star()), *amounts).from_(table(entry.name)))[0]
        rows += int(str(found[0]))
        is_journal = exp.EQ(this=column("journal"), expression=exp.Literal.string(entry.journal.name))
        sums = [exp.Sum(this=column(one)) for one in measures(world)]
        own = exp.LT(this=column("line"), expression=exp.Literal.number(str(REVERSAL)))
        posted = world.executor.rows(exp.select(*sums).from_(table("ledger line")).where(is_journal, own))[0]
        if sum((_number(one) for one in found[1:]), Decimal(0)) != sum((_number(one) for one in posted), Decimal(0)):
            wrong.append(entry.journal.name)
    if not wrong:
        return TieOut(
            "subledger = ledger",
            True,
            f"source amounts are fully used: {rows:,} subledger rows make the journal's lines",
            True,
        )
    return TieOut(
        "subledger = ledger",
        False,
        f"subledger and ledger differ in {', '.join(wrong)}",
        True,
        f"tieout sql 'entry {wrong[0]}'",
    )


def _booked_sum(entry: Entry, index: int) -> exp.Expr:
    """What a line is booked at in all its rows, on the side its amount falls on; its own sign where it has none."""
    amount, booked = column(entry.amounts[index]), column(entry.booked[index])
    zero = exp.Literal.number("0")
    signed = exp.Case().when(exp.LT(this=amount, expression=zero), exp.Neg(this=booked))
    signed = signed.when(exp.EQ(this=amount.copy(), expression=zero.copy()), exp.Abs(this=booked.copy()))
    return exp.Sum(this=signed.else_(booked.copy()))
