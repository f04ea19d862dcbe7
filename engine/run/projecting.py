"""Facts that a scenario projects: a run's quantities a week for each pool, made into whole units week by week.

A week is seven days from the first of a period; what a period has beyond whole weeks is a part of one. Whole units
follow the running total, so that weeks add up to what is projected, to the unit. What leaves is at most what the pool
holds by then; what the pool could not serve is told, and not made up for later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.ledger.calendar import Period
from engine.model.datatypes import Family
from engine.model.ruleset import Kind
from engine.model.scenarios import AnyProjection, Projection, UnderScenario
from engine.model.schema import IDENTITY_SEPARATOR, Column
from engine.plan.facts import PROJECTED
from engine.plan.projection import DAYS_OF_WEEK, make_projected, pool_grain
from engine.plan.relation import column, named, table
from engine.plan.world import RunStopped, World
from engine.run.trends import Pool, trend_rates

FactRow = dict[str, object]

FIRST_FACT = 2**62
"""Projected facts are numbered from here: beyond any row of a file."""

OF_LAST_FACT = (Family.REGISTER, Family.ENUMERATION, Family.YES_NO, Family.MONEY, Family.PRICE, Family.RATE,
                Family.NUMBER, Family.DAYS, Family.CURRENCY, Family.CALENDAR)  # fmt: skip
"""What a projected fact has as the pool's last fact of its kind had it: who, on which terms, at which price."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of a period, or the days that are left of it; `number` counts from 1 in the period."""

    period: Period
    number: int
    first: date
    last: date

    @property
    def share(self) -> Fraction:
        """How much of a week it is."""
        return Fraction((self.last - self.first).days + 1, DAYS_OF_WEEK)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units projected for a pool and a period, and how many of them the pool serves."""

    kind: str
    pool: tuple[str, ...]
    period: str
    units: Decimal
    served: Decimal


@dataclass(frozen=True, slots=True)
class Projected:
    """Projected facts by kind, each with the columns of a loaded fact, and what was wanted of each pool."""

    rows: dict[str, list[FactRow]]
    wanted: tuple[Wanted, ...]


def weeks_of(period: Period) -> tuple[Week, ...]:
    """The weeks of a period, the last one shorter where its days are no multiple of seven."""
    found: list[Week] = []
    first = period.start
    while first <= period.end:
        last = min(first + timedelta(days=DAYS_OF_WEEK - 1), period.end)
        found.append(Week(period, len(found) + 1, first, last))
        first = last + timedelta(days=1)
    return tuple(found)


def periods_ahead(world: World, projections: Sequence[AnyProjection]) -> tuple[Period, ...]:
    """The periods that the longest projection reaches after the run's own."""
    found = [world.period]
    for _ in range(max((one.periods for one in projections), default=0)):
        found.append(world.calendar.next(found[-1]))
    return tuple(found[1:])


def project(world: World, under: UnderScenario, publication: int) -> Projected:
    """Facts for every period ahead of a finished run; RunStopped where a rate is under 0 or a field is nowhere known.

    `publication` is the one they count as brought by: what the next run's cut-off has consumed by then.
    """
    ahead = periods_ahead(world, under.projections)
    opening = [name for layers in world.ruleset.layers.values() for name in layers.opening_kinds]
    flows = [_Flow.of(world, one, ahead) for one in under.projections]
    flows.sort(key=lambda one: one.projection.kind not in opening)
    held = _held(world, flows)
    wanted: list[Wanted] = []
    for pool in sorted({pool for flow in flows for pool in flow.rates}, key=_text):
        for period in ahead:
            for week in weeks_of(period):
                for flow in flows:
                    kind = flow.projection.kind
                    units, served = flow.add(pool, week, held, leaves=kind not in opening)
                    if units:
                        wanted.append(Wanted(kind, _text(pool), period.name, units, served))
    rows = {flow.projection.kind: flow.rows for flow in flows}
    _number(rows, publication)
    return Projected(rows, tuple(_by_period(wanted)))


@dataclass
class _Flow:
    """One kind on its way: what each pool moves a week in each period, and the rows made so far."""

    kind: Kind
    projection: AnyProjection
    keys: tuple[str, ...]
    rates: dict[Pool, dict[str, Fraction]]
    last: dict[Pool, FactRow]
    running: dict[Pool, Fraction] = field(default_factory=dict)
    rows: list[FactRow] = field(default_factory=list)

    @classmethod
    def of(cls, world: World, projection: AnyProjection, ahead: Sequence[Period]) -> _Flow:
        kind = world.ruleset.kinds[projection.kind]
        keys = tuple(key.name for key in pool_grain(projection).keys)
        reached = ahead[: projection.periods]
        if isinstance(projection, Projection):
            rates = _rates(world, projection, keys, reached)
        else:
            rates = trend_rates(world, projection, keys, reached)
        return cls(kind, projection, keys, rates, _last_facts(world, kind, keys))

    def add(self, pool: Pool, week: Week, held: dict[Pool, Decimal], leaves: bool) -> tuple[Decimal, Decimal]:
        """Make a week's fact for a pool; the units wanted of it, and those it serves."""
        rate = self.rates.get(pool, {}).get(week.period.name, Fraction(0))
        before = self.running.get(pool, Fraction(0))
        after = before + rate * week.share
        self.running[pool] = after
        wanted = Decimal(_whole(after) - _whole(before))
        units = min(wanted, held.get(pool, Decimal(0))) if leaves else wanted
        held[pool] = held.get(pool, Decimal(0)) + (-units if leaves else units)
        if units:
            self.rows.append(self._row(pool, week, units))
        return wanted, units

    def _row(self, pool: Pool, week: Week, units: Decimal) -> FactRow:
        label = f"{PROJECTED} {week.period.name} week {week.number}"
        own = dict(zip(self.keys, pool, strict=True))
        row = {one.name: self._field(one, own, pool, week, label) for one in self.kind.record.columns}
        row["quantity"] = units
        identity = ["" if row[name] is None else str(row[name]) for name in self.kind.record.identity]
        implied = {"identity": IDENTITY_SEPARATOR.join(identity), "known-at": week.last, "version": 1}
        origin = {"source-file": PROJECTED, "source-row": week.number}
        return {"currency": self._of_last(pool, "currency"), **row, **implied, **origin}

    def _field(self, wanted: Column, own: dict[str, object], pool: Pool, week: Week, label: str) -> object:
        if wanted.name in own:
            return own[wanted.name]
        family = wanted.type.family
        if wanted.name == self.kind.record.on or (wanted.required and family is Family.DATE):
            return week.last
        if wanted.required and family is Family.PERIOD:
            return week.period.name
        if wanted.required and family is Family.TEXT:
            return label
        value = self._of_last(pool, wanted.name) if family in OF_LAST_FACT else None
        if value is None and wanted.required and wanted.name != "quantity":
            where = ", ".join(one for one in _text(pool) if one)
            sentence = f"no {self.kind.name} of {where} says which {wanted.name} a projected one has"
            raise RunStopped("T430", sentence, (f"project {self.kind.name}",))
        return value

    def _of_last(self, pool: Pool, name: str) -> object:
        return self.last.get(pool, {}).get(name)


def _rates(
    world: World, projection: Projection, keys: tuple[str, ...], ahead: Sequence[Period]
) -> dict[Pool, dict[str, Fraction]]:
    """Units a week by pool and period, exact."""
    made = make_projected(world, projection, ahead)
    names = [one for one in made.column_names if one != "guard"]
    query = exp.select(*(column(one) for one in names)).from_(table(made.name))
    found: dict[Pool, dict[str, Fraction]] = {}
    for values in world.executor.rows(query):
        row = dict(zip(names, values, strict=True))
        pool = tuple(row[key] for key in keys)
        rates = {one.name: _fraction(row, one.name) for one in ahead}
        under = next((name for name, rate in rates.items() if rate < 0), None)
        if under is not None:
            where = ", ".join(one for one in _text(pool) if one)
            sentence = f"{projection.kind} projected for {where} in {under} is under 0; write `floored` or another rate"
            raise RunStopped("T430", sentence, (f"project {projection.kind}",))
        if any(rates.values()):
            found[pool] = rates
    return found


def _fraction(row: dict[str, object], name: str) -> Fraction:
    """A value and its denominator; what is missing, or divided by nothing, is nothing."""
    value, over = row[name], row.get(f"{name}:over", Decimal(1))
    if value is None or not over:
        return Fraction(0)
    if not isinstance(value, (Decimal, int)) or not isinstance(over, (Decimal, int)):
        raise InternalError(f"{name} is projected and no number")
    return Fraction(value) / Fraction(over)


def _last_facts(world: World, kind: Kind, keys: tuple[str, ...]) -> dict[Pool, FactRow]:
    """The last fact of a kind in each pool, of all that are known."""
    names = [name for name, _ in kind.record.stored]
    order = [column(kind.record.on or ""), column("identity"), column("fact")]
    number = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(key) for key in keys],
        order=exp.Order(expressions=[exp.Ordered(this=one, desc=True, nulls_first=False) for one in order]),
    )
    ranked = exp.select(*(column(one) for one in names), named(number, "newest")).from_(table(world.known(kind.name)))
    first = exp.EQ(this=column("newest", "ranked"), expression=exp.Literal.number("1"))
    query = exp.select(*(column(one, "ranked") for one in names)).from_(ranked.subquery("ranked")).where(first)
    rows = (dict(zip(names, values, strict=True)) for values in world.executor.rows(query))
    return {tuple(row[key] for key in keys): row for row in rows}


def _held(world: World, flows: Sequence[_Flow]) -> dict[Pool, Decimal]:
    """Units in the layers of each pool at the run's end."""
    if not flows or not world.has("layer"):
        return {}
    keys = [column(key) for key in flows[0].keys]
    query = exp.select(*keys, exp.Sum(this=column("remaining"))).from_(table("layer"))
    query = query.group_by(*(one.copy() for one in keys))
    return {tuple(row[:-1]): Decimal(str(row[-1])) for row in world.executor.rows(query)}


def _whole(value: Fraction) -> int:
    """The nearest whole number, half upwards."""
    return (value + Fraction(1, 2)).__floor__()


def _text(pool: Pool) -> tuple[str, ...]:
    return tuple("" if one is None else str(one) for one in pool)


def _by_period(wanted: Sequence[Wanted]) -> Iterator[Wanted]:
    """Units wanted and served, one line for each kind, pool and period."""
    summed: dict[tuple[str, tuple[str, ...], str], tuple[Decimal, Decimal]] = {}
    for one in wanted:
        key = (one.kind, one.pool, one.period)
        units, served = summed.get(key, (Decimal(0), Decimal(0)))
        summed[key] = (units + one.units, served + one.served)
    for key, (units, served) in summed.items():
        yield Wanted(*key, units, served)


def _number(rows: dict[str, list[FactRow]], publication: int) -> None:
    number = FIRST_FACT
    for made in rows.values():
        for row in made:
            row["publication"], row["fact"] = publication, number
            number += 1
