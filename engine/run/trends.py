"""Trend and season of what moves, for each part or whatever a projection names, as units a week by fiscal period.

Periods of a year are its seasons. A period's units are divided by its weeks first, so that a quarter of fourteen weeks
is no better a season than one of thirteen. What is found for a sum of pools is shared by what each of them moved in the
last year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from sqlglot import exp

from engine.ledger.calendar import Calendar, Period
from engine.model.scenarios import TrendProjection
from engine.plan.projection import DAYS_OF_WEEK
from engine.plan.relation import column, named, table
from engine.plan.world import World, date_literal
from engine.run.seasons import fit

Pool = tuple[object, ...]
NOTHING = Fraction(0)


@dataclass
class _Group:
    """Pools that are summed: units by pool and period."""

    units: dict[Pool, dict[str, Fraction]] = field(default_factory=dict)

    def of_period(self, period: Period) -> Fraction:
        return sum((units.get(period.name, NOTHING) for units in self.units.values()), NOTHING)


def weeks_in(period: Period) -> Fraction:
    """How many weeks a period has, parts of one included."""
    return Fraction((period.end - period.start).days + 1, DAYS_OF_WEEK)


def trend_rates(
    world: World, projection: TrendProjection, keys: tuple[str, ...], ahead: Sequence[Period]
) -> dict[Pool, dict[str, Fraction]]:
    """Units a week by pool and period ahead, exact."""
    calendar = world.calendar
    known = [world.period]
    while len(known) < projection.within:
        known.insert(0, calendar.previous(known[0]))
    groups: dict[Pool, _Group] = {}
    at = [keys.index(name) for name in projection.each]
    for pool, units in units_by_period(world, projection.kind, keys, known).items():
        group = groups.setdefault(tuple(pool[place] for place in at), _Group())
        group.units[pool] = units
    found: dict[Pool, dict[str, Fraction]] = {}
    for group in groups.values():
        rates = _rates(calendar, group, known, ahead)
        for pool, share in _shares(calendar, group, known).items():
            found[pool] = {name: rate * share for name, rate in rates.items()}
    return found


def units_by_period(
    world: World, kind: str, keys: tuple[str, ...], periods: Sequence[Period]
) -> dict[Pool, dict[str, Fraction]]:
    """What each pool moved in each of some periods, of all that is known of a kind."""
    on = column(world.ruleset.kinds[kind].record.on or "")
    named_period = exp.Case()
    for period in periods:
        inside = exp.Between(this=on.copy(), low=date_literal(period.start), high=date_literal(period.end))
        named_period = named_period.when(inside, exp.Literal.string(period.name))
    dated = exp.Between(this=on, low=date_literal(periods[0].start), high=date_literal(periods[-1].end))
    moved = exp.select(*(column(key) for key in keys), named(named_period, "period"), column("quantity"))
    moved = moved.from_(table(world.known(kind))).where(dated)
    group = [column(one) for one in (*keys, "period")]
    query = exp.select(*group, exp.Sum(this=column("quantity"))).from_(moved.subquery("moved"))
    found: dict[Pool, dict[str, Fraction]] = {}
    for *pool, name, units in world.executor.rows(query.group_by(*(one.copy() for one in group))):
        found.setdefault(tuple(pool), {})[str(name)] = Fraction(Decimal(str(units)))
    return found


def _rates(
    calendar: Calendar, group: _Group, known: Sequence[Period], ahead: Sequence[Period]
) -> Mapping[str, Fraction]:
    """Units a week of a group in the periods ahead; its series begins with the first period that moved any."""
    begun = next((at for at, one in enumerate(known) if group.of_period(one)), len(known))
    series = known[begun:]
    if not series:
        return {}
    seasons = len(calendar.periods(series[-1].year))
    values = [group.of_period(one) / weeks_in(one) for one in series]
    fitted = fit(values, series[0].number - 1, seasons)
    return {one.name: fitted.at(len(series) + place, (one.number - 1) % seasons) for place, one in enumerate(ahead)}


def _shares(calendar: Calendar, group: _Group, known: Sequence[Period]) -> dict[Pool, Fraction]:
    """The part that each pool had in what a group moved in the last year."""
    year = known[-len(calendar.periods(known[-1].year)) :]
    moved = {pool: sum((units.get(one.name, NOTHING) for one in year), NOTHING) for pool, units in group.units.items()}
    total = sum(moved.values(), NOTHING)
    return {pool: units / total for pool, units in moved.items() if total and units}
