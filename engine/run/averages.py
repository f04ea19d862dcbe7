"""The moving average, and the standard: what comes in and leaves is replayed pool by pool, with one value a price.

Values are in minor units. What leaves takes its share of the value, rounded, and the last units take what is left: a
pool without units has no value. What comes back brings what it left with; at standard everything moves at the standard
of its day. Only whole numbers are kept, so nothing is lost between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from math import gcd
from typing import Any

from sqlglot import exp

from engine.plan.executor import Row
from engine.plan.relation import column, table
from engine.plan.units.averaging import at_standard, averaged, begins_with, found_columns, standards_handed
from engine.plan.units.layers.policy import Placing
from engine.plan.values.frames import layers_of
from engine.plan.world import RunStopped, World

_FLUSH = 200_000
THOUSANDTHS = 1000


@dataclass(slots=True)
class Departure:
    """Units that left together into a bucket and may come back: thousandths, and what they left at for each price."""

    quantity: int
    worth: list[int]


@dataclass(slots=True)
class Pool:
    """A pool as it stands: thousandths of units held, minor units for each price, the layer that came in last, and
    what left by bucket, last left last."""

    quantity: int
    worth: list[int]
    last: int = 0
    left: dict[str, list[Departure]] = field(default_factory=dict)
    standard: list[int] = field(default_factory=list)
    """For each price numerator and denominator of the standard last stated; empty where none is kept."""


def average_units(world: World, policy: Placing) -> None:
    """Value everything that moved at the average: makes `pooled slice`, `pooled layer`, `pooled value`, `pooled sold`.

    Reads what placing wrote, openings with what they carry, and what was handed over.
    """
    replay = _Replay(world, policy)
    replay.begin()
    for batch in world.executor.stream(averaged(world)):
        for row in batch:
            replay.play(row)
        if len(replay.rows["pooled slice"]) > _FLUSH:
            replay.append()
    replay.finish()
    replay.append()


class _Replay:
    """Pools by number while their rows are replayed, and what was found, by the relation it goes into."""

    def __init__(self, world: World, policy: Placing) -> None:
        self.world = world
        self.policy = policy
        self.columns = found_columns(world)
        self.rows: dict[str, list[Row]] = {name: [] for name in self.columns}
        self.minor = 10**world.digits
        self.half_even = world.half == "half-even"
        self.standard = at_standard(world)
        self.changes = bool(layers_of(world).changes)
        self.prices = len(self.columns["pooled value"]) - 2
        self.pools: dict[int, Pool] = {}

    def begin(self) -> None:
        """Let every pool stand as it was handed over."""
        held, sold, last = begins_with(self.world)
        for number, quantity, *worth in self._read(held):
            self.pools[number] = Pool(quantity, worth)
        for number, bucket, quantity, *worth in self._read(sold):
            self._pool(number).left.setdefault(bucket, []).append(Departure(quantity, worth))
        for number, layer in self._read(last):
            self._pool(number).last = layer
        if self.standard:
            self._begin_at_standard()
        self.append()

    def _begin_at_standard(self) -> None:
        """Standards as handed over; books that went otherwise until now begin at what a unit is worth in them."""
        handed = standards_handed(self.world)
        for number, *standard in self._read(handed) if handed is not None else ():
            self._pool(number).standard = [int(one) for one in standard]
        for pool in self.pools.values() if handed is None else ():
            departures: list[Pool | Departure] = [
                departure for departures in pool.left.values() for departure in departures
            ]
            source = pool if pool.quantity else departures[-1] if departures else None
            pool.standard = self._each(source.worth, source.quantity) if source is not None else []

    def play(self, row: tuple[Any, ...]) -> None:
        """Let one opening or movement act on its pool."""
        number, step, turn, event, bucket, returning, date, quantity, *worth = row
        pool = self._pool(number)
        place = (event, step, number, pool.last, returning, date)
        nothing = [None] * (2 * self.prices if self.changes else 0)
        if turn == 0 and quantity:
            if self.standard:
                self._state(pool, event, worth[self.prices :])
            pool.quantity += quantity
            pool.worth = [held + more for held, more in zip(pool.worth, worth[: self.prices], strict=True)]
            pool.last = event
        elif turn == 0:
            before, units = self._each(pool.worth, pool.quantity) if pool.quantity else [], pool.quantity
            after = self._restate(pool, worth[self.prices :])
            if units:
                self.rows["pooled slice"].append((*place, units, *before, *after))
        else:
            move = self._at_standard if self.standard else self._back if returning else self._out
            each = move(pool, -quantity if returning and self.standard else quantity, bucket)
            self.rows["pooled slice"].append((*place, quantity, *each, *nothing))

    def finish(self) -> None:
        """Note how every pool stands."""
        for number, pool in sorted(self.pools.items()):
            if pool.quantity:
                average = self._each(pool.worth, pool.quantity)
                self.rows["pooled layer"].append((number, pool.last, pool.quantity, *average))
                self.rows["pooled value"].append((number, pool.quantity, *pool.worth))
            if pool.standard:
                self.rows["pooled standard"].append((number, *pool.standard))
            for bucket, departures in sorted(pool.left.items()):
                for height, departure in enumerate(departures, start=1):
                    self.rows["pooled sold"].append((number, bucket, height, departure.quantity, *departure.worth))

    def append(self) -> None:
        """Hand what was found to the executor."""
        for name, rows in self.rows.items():
            self.world.executor.append(name, self.columns[name], rows)
            self.rows[name] = []

    def _out(self, pool: Pool, quantity: int, bucket: str) -> list[int]:
        """Units leave with their share; the average they leave at."""
        average = self._each(pool.worth, pool.quantity)
        share = self._take(pool, quantity)
        if self.policy.remembers(bucket):
            pool.left.setdefault(bucket, []).append(Departure(quantity, share))
        return average

    def _back(self, pool: Pool, quantity: int, bucket: str) -> list[int]:
        """The units last left come back with what they left with; what one of them brings on average."""
        missing, worth = quantity, [0] * self.prices
        departures = pool.left.get(bucket, [])
        while missing and departures:
            departure = departures[-1]
            units = min(missing, departure.quantity)
            worth = [more + part for more, part in zip(worth, self._take(departure, units), strict=True)]
            missing -= units
            if not departure.quantity:
                departures.pop()
        pool.quantity += quantity
        pool.worth = [held + more for held, more in zip(pool.worth, worth, strict=True)]
        return self._each(worth, quantity)

    def _state(self, pool: Pool, event: int, standard: list[Any]) -> None:
        """What comes in states the standard; units held cannot stand at another one."""
        stated = [int(one) for one in standard]
        if pool.quantity and pool.standard != stated:
            raise RunStopped("T426", self._disagreement(event, pool.standard, stated))
        pool.standard = stated

    def _disagreement(self, event: int, held: list[int], stated: list[int]) -> str:
        told = exp.select(column("kind"), column("identity"), column("date")).from_(table("event"))
        ((kind, identity, day),) = self.world.executor.rows(
            told.where(exp.EQ(this=column("event"), expression=exp.Literal.number(str(event))))
        )
        was, now = (
            ", ".join(said_fraction(*one) for one in zip(found[::2], found[1::2], strict=True))
            for found in (held, stated)
        )
        name = str(identity).replace("\x1f", " ").strip()
        return (
            f"{kind} {name} of {day} comes in at a standard of {now}, and what is held stands at {was}; "
            "state the new standard with a fact that `changes` it"
        )

    def _restate(self, pool: Pool, standard: list[Any]) -> list[int]:
        """A change states the standard: units held are worth as much as that; the standards that hold after it."""
        for at, value in enumerate(standard):
            if value is not None and pool.standard:
                pool.standard[at] = int(value)
        if pool.quantity:
            pool.worth = [
                self._worth_at(pool, at, pool.quantity) if standard[2 * at] is not None else worth
                for at, worth in enumerate(pool.worth)
            ]
        return list(pool.standard)

    def _at_standard(self, pool: Pool, quantity: int, bucket: str) -> list[int]:  # noqa: ARG002 - as the average asks
        """Units leave, or come back where `quantity` is negative, at the standard; the last take what is left."""
        share = [self._worth_at(pool, at, quantity) for at in range(self.prices)]
        plain = quantity != pool.quantity or share == pool.worth
        if not plain:
            share = list(pool.worth)
        pool.worth = [worth - less for worth, less in zip(pool.worth, share, strict=True)]
        pool.quantity -= quantity
        return list(pool.standard) if plain else self._each(share, quantity)

    def _worth_at(self, pool: Pool, at: int, quantity: int) -> int:
        top, over = pool.standard[2 * at], pool.standard[2 * at + 1]
        return rounded_share(quantity * top * self.minor, THOUSANDTHS * over, self.half_even)

    def _take(self, source: Pool | Departure, quantity: int) -> list[int]:
        """Take units with their share of the value; all of them take all of it."""
        share = [rounded_share(worth * quantity, source.quantity, self.half_even) for worth in source.worth]
        source.worth = [worth - less for worth, less in zip(source.worth, share, strict=True)]
        source.quantity -= quantity
        return share

    def _each(self, worth: list[int], quantity: int) -> list[int]:
        """For each price what one unit is worth in whole currency: numerator, denominator, in lowest terms."""
        found: list[int] = []
        for value in worth:
            top, bottom = value * THOUSANDTHS, quantity * self.minor
            common = gcd(top, bottom)
            found += [top // common, bottom // common]
        return found

    def _pool(self, number: int) -> Pool:
        pool = self.pools.get(number)
        if pool is None:
            pool = self.pools[number] = Pool(0, [0] * self.prices)
        return pool

    def _read(self, query: exp.Query) -> Iterator[tuple[Any, ...]]:
        return (row for batch in self.world.executor.stream(query) for row in batch)


def said_fraction(top: int, over: int) -> str:
    """A standard as people write it: a decimal where it is one, else a fraction."""
    decimal = Decimal(top) / Decimal(over)
    return f"{decimal.normalize():f}" if decimal * over == top else f"{top}/{over}"


def rounded_share(product: int, whole: int, half_even: bool) -> int:
    """product / whole to the nearest whole number; a half goes away from zero, or to the even neighbour."""
    sign = -1 if product < 0 else 1
    quotient, rest = divmod(abs(product), whole)
    if 2 * rest > whole or (2 * rest == whole and (not half_even or quotient % 2)):
        quotient += 1
    return sign * quotient
