"""The moving average: replay what comes in and leaves pool by pool, with one value in minor units for each price.

What leaves takes its share of the value, rounded to minor units, and the last units take what is left: a pool without
units has no value. What comes back brings what it left with. Only whole numbers are kept, so nothing is lost between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import gcd
from typing import Any

from sqlglot import exp

from engine.plan.averaging import averaged, begins_with, found_columns
from engine.plan.executor import Row
from engine.plan.layers.policy import Placing
from engine.plan.world import World

_FLUSH = 200_000
THOUSANDTHS = 1000


@dataclass(slots=True)
class Lot:
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
    left: dict[str, list[Lot]] = field(default_factory=dict)


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
        self.prices = len(self.columns["pooled value"]) - 2
        self.pools: dict[int, Pool] = {}

    def begin(self) -> None:
        """Let every pool stand as it was handed over."""
        held, sold, last = begins_with(self.world)
        for number, quantity, *worth in self._read(held):
            self.pools[number] = Pool(quantity, worth)
        for number, bucket, quantity, *worth in self._read(sold):
            self._pool(number).left.setdefault(bucket, []).append(Lot(quantity, worth))
        for number, layer in self._read(last):
            self._pool(number).last = layer
        self.append()

    def play(self, row: tuple[Any, ...]) -> None:
        """Let one opening or movement act on its pool."""
        number, step, turn, event, bucket, returning, date, quantity, *worth = row
        pool = self._pool(number)
        if turn == 0:
            pool.quantity += quantity
            pool.worth = [held + more for held, more in zip(pool.worth, worth, strict=True)]
            pool.last = event
            return
        average = self._back(pool, bucket, quantity) if returning else self._out(pool, bucket, quantity)
        self.rows["pooled slice"].append((event, step, number, pool.last, returning, date, quantity, *average))

    def finish(self) -> None:
        """Note how every pool stands."""
        for number, pool in sorted(self.pools.items()):
            if pool.quantity:
                average = self._each(pool.worth, pool.quantity)
                self.rows["pooled layer"].append((number, pool.last, pool.quantity, *average))
                self.rows["pooled value"].append((number, pool.quantity, *pool.worth))
            for bucket, lots in sorted(pool.left.items()):
                for height, lot in enumerate(lots, start=1):
                    self.rows["pooled sold"].append((number, bucket, height, lot.quantity, *lot.worth))

    def append(self) -> None:
        """Hand what was found to the executor."""
        for name, rows in self.rows.items():
            self.world.executor.append(name, self.columns[name], rows)
            self.rows[name] = []

    def _out(self, pool: Pool, bucket: str, quantity: int) -> list[int]:
        """Units leave with their share; the average they leave at."""
        average = self._each(pool.worth, pool.quantity)
        share = self._take(pool, quantity)
        if self.policy.remembers(bucket):
            pool.left.setdefault(bucket, []).append(Lot(quantity, share))
        return average

    def _back(self, pool: Pool, bucket: str, quantity: int) -> list[int]:
        """The units last left come back with what they left with; what one of them brings on average."""
        missing, worth = quantity, [0] * self.prices
        lots = pool.left.get(bucket, [])
        while missing and lots:
            lot = lots[-1]
            units = min(missing, lot.quantity)
            worth = [more + part for more, part in zip(worth, self._take(lot, units), strict=True)]
            missing -= units
            if not lot.quantity:
                lots.pop()
        pool.quantity += quantity
        pool.worth = [held + more for held, more in zip(pool.worth, worth, strict=True)]
        return self._each(worth, quantity)

    def _take(self, source: Pool | Lot, quantity: int) -> list[int]:
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


def rounded_share(product: int, whole: int, half_even: bool) -> int:
    """product / whole to the nearest whole number; a half goes away from zero, or to the even neighbour."""
    sign = -1 if product < 0 else 1
    quotient, rest = divmod(abs(product), whole)
    if 2 * rest > whole or (2 * rest == whole and (not half_even or quotient % 2)):
        quotient += 1
    return sign * quotient
