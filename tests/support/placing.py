"""Histories handed to the engine's placing, and what it answers, broken into single units for the ledger's sake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlglot import exp

from engine.plan.executor import Executor, Row
from engine.plan.relation import column, table
from tests.support.oracle import LEAVES, OPENS, RETURNS, Event, Layer, Moved, Place, Pool, Problem, behind_its_day

DAY_ZERO = date(2026, 1, 1)
LAYERS_GET_LOW_NUMBERS = 1_000_000

EVENT = (
    ("event", "BIGINT"),
    ("pool", "BIGINT"),
    ("class", "TINYINT"),
    ("date", "DATE"),
    ("quantity", "BIGINT"),
    ("place", "BIGINT"),
    ("bucket", "VARCHAR"),
    ("document", "VARCHAR"),
    ("specific", "VARCHAR"),
    ("otherwise", "VARCHAR"),
)
LAYER = (("layer", "BIGINT"), ("place", "BIGINT"), ("document", "VARCHAR"), ("specific", "VARCHAR"))
SPAN = (("from", "BIGINT"), ("to", "BIGINT"))
HAND_OVER = {
    "open-unit": (("pool", "BIGINT"), *LAYER, *SPAN),
    "sold-unit": (("pool", "BIGINT"), ("bucket", "VARCHAR"), ("height", "BIGINT"), *LAYER, *SPAN),
    "waiting-unit": (
        ("pool", "BIGINT"),
        ("event", "BIGINT"),
        ("date", "DATE"),
        ("quantity", "BIGINT"),
        ("bucket", "VARCHAR"),
    ),
    "owed-unit": (
        ("pool", "BIGINT"),
        ("event", "BIGINT"),
        ("layer", "BIGINT"),
        ("quantity", "BIGINT"),
        ("bucket", "VARCHAR"),
    ),
    "last-layer": (("pool", "BIGINT"), ("layer", "BIGINT"), ("to", "BIGINT")),
}

Hand = dict[str, list[dict[str, Any]]]
"""What one period hands to the next: rows by the name of the relation they go into."""

Places = dict[tuple[int, int], Place]
"""Where a layer stands in its pool's order of leaving, by pool and layer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one placing run said, unit by unit, in words ledger and engine share; intervals are gone."""

    moved: Counter[tuple[object, ...]] = field(default_factory=Counter)
    held: Counter[tuple[object, ...]] = field(default_factory=Counter)
    reopened: Counter[tuple[object, ...]] = field(default_factory=Counter)
    problems: Counter[Problem] = field(default_factory=Counter)
    open_units: Counter[tuple[object, ...]] = field(default_factory=Counter)
    order: dict[int, list[int]] = field(default_factory=dict)
    sold_units: dict[tuple[int, str], list[tuple[object, ...]]] = field(default_factory=dict)
    short: Counter[tuple[object, ...]] = field(default_factory=Counter)
    last: dict[int, tuple[int, int]] = field(default_factory=dict)

    def of(self, pool: int) -> Told:
        """What was said about one pool."""
        return Told(
            Counter({key: count for key, count in self.moved.items() if key[1] == pool}),
            Counter({key: count for key, count in self.held.items() if key[1] == pool}),
            Counter({key: count for key, count in self.reopened.items() if key[1] == pool}),
            Counter({problem: count for problem, count in self.problems.items() if problem.pool == pool}),
            Counter({key: count for key, count in self.open_units.items() if key[0] == pool}),
            {key: order for key, order in self.order.items() if key == pool},
            {key: stack for key, stack in self.sold_units.items() if key[0] == pool},
            Counter({key: count for key, count in self.short.items() if key[0] == pool}),
            {key: last for key, last in self.last.items() if key == pool},
        )


def as_date(day: int) -> date:
    """The date of a history's day."""
    return DAY_ZERO + timedelta(days=day)


def nothing_handed_over() -> Hand:
    """The hand-over of a pool's first period."""
    return {name: [] for name in HAND_OVER}


def places_of(events: Iterable[Event], pools: Mapping[int, Pool]) -> Places:
    """The order of leaving of every layer known at the start and of every one this period opens."""
    known = {(pool.number, layer.identity): layer.place for pool in pools.values() for layer in pool.layers}
    opening = {(event.pool, event.identity): event.place for event in events if event.action == OPENS}
    back = {(event.pool, event.identity): behind_its_day(event) for event in events if event.action == RETURNS}
    return known | opening | back


def ranks(places: Places) -> dict[tuple[int, int], int]:
    """Places as numbers: 1 for the layer of a pool that leaves first."""
    found: dict[tuple[int, int], int] = {}
    counted: Counter[int] = Counter()
    for pool, layer in sorted(places, key=lambda key: (key[0], places[key])):
        counted[pool] += 1
        found[pool, layer] = counted[pool]
    return found


def hand_in(executor: Executor, events: Sequence[Event], handed: Hand, places: Places) -> None:
    """Make a period's facts and what the last one handed over available to placing."""
    rank = ranks(places)
    executor.append("unit-event", EVENT, [_event_row(event, rank) for event in events])
    for name, columns in HAND_OVER.items():
        rows = [_renumbered(row, rank) for row in handed[name]]
        executor.append(name, columns, [tuple(row[column] for column, _ in columns) for row in rows])


def _event_row(event: Event, rank: Mapping[tuple[int, int], int]) -> Row:
    return (
        event.identity,
        event.pool,
        event.action,
        as_date(event.day),
        event.quantity or None,
        rank.get((event.pool, event.identity)),
        event.bucket,
        event.document,
        event.specific,
        event.otherwise if event.action == LEAVES else None,
    )


def _renumbered(row: dict[str, Any], rank: Mapping[tuple[int, int], int]) -> dict[str, Any]:
    """A row handed over, its layer numbered below the facts of the new period and ranked among its layers."""
    if "layer" not in row:
        return row
    return row | {
        "layer": row["layer"] - LAYERS_GET_LOW_NUMBERS,
        "place": rank.get((row["pool"], row["layer"])),
    }


def layer_number(layer: int) -> int:
    """A layer's number as the ledger knows it, whichever period it was opened in."""
    return layer + LAYERS_GET_LOW_NUMBERS if layer < 0 else layer


def by_ledger(pools: Iterable[Pool]) -> Told:
    """What the ledger of single units says happened and where its units are."""
    told = Told()
    for pool in pools:
        number = pool.number
        told.moved.update(_moved(unit) for unit in pool.moved)
        told.held.update((unit.event, number, unit.layer, unit.offset) for unit in pool.changed)
        told.reopened.update((unit.layer, number, unit.like) for unit in pool.opened if unit.like is not None)
        told.problems.update(pool.problems)
        told.open_units.update((number, *_label(unit.layer), unit.offset) for unit in pool.held)
        for bucket in (bucket for bucket, units in pool.sold.items() if units):
            told.sold_units[number, bucket] = [(*_label(unit.layer), unit.offset) for unit in pool.sold[bucket]]
        for short in pool.short:
            of = as_date(short.event.day) if short.like is None else short.like.identity
            told.short[number, short.event.identity, of, short.waiting, short.event.bucket] += 1
        layers = {unit.layer.identity: unit.layer.place for unit in pool.held}
        if layers:
            told.order[number] = sorted(layers, key=layers.__getitem__)
        if pool.layers:
            told.last[number] = (pool.layers[-1].identity, len(pool.layers[-1].units))
    return told


def _label(layer: Layer) -> tuple[int, str | None, str | None]:
    return layer.identity, layer.document, layer.specific


def _moved(unit: Moved) -> tuple[object, ...]:
    offset = None if unit.provisional else unit.offset
    place = (unit.event, unit.pool, unit.layer, offset)
    return (*place, unit.returning, as_date(unit.day), unit.settling, unit.provisional, unit.step)


def by_engine(executor: Executor) -> Told:
    """What placing left in the executor, broken into units, layers under the numbers the ledger knows."""
    told = Told()
    for row in _read(executor, "unit-slice"):
        flags = (row["returning"], row["date"], row["settling"], row["provisional"], row["step"])
        place = (row["event"], row["pool"], layer_number(row["layer"]))
        if row["provisional"]:
            told.moved[*place, None, *flags] += row["to"] - row["from"]
        else:
            told.moved.update((*place, offset, *flags) for offset in range(row["from"], row["to"]))
    for row in _read(executor, "unit-held"):
        place = (row["event"], row["pool"], layer_number(row["layer"]))
        told.held.update((*place, offset) for offset in range(row["from"], row["to"]))
    for row in _read(executor, "unit-reopened"):
        told.reopened[row["layer"], row["pool"], layer_number(row["like"])] += row["quantity"]
    for row in _read(executor, "unit-problem"):
        told.problems[Problem(row["pool"], row["event"], row["problem"], row["quantity"])] += 1
    _read_state(executor, told)
    return told


def _read_state(executor: Executor, told: Told) -> None:
    for row in sorted(_read(executor, "unit-open"), key=lambda row: (row["pool"], row["place"], row["layer"])):
        layer = layer_number(row["layer"])
        label = (layer, row["document"], row["specific"])
        told.open_units.update((row["pool"], *label, offset) for offset in range(row["from"], row["to"]))
        order = told.order.setdefault(row["pool"], [])
        if layer not in order:
            order.append(layer)
    for row in sorted(_read(executor, "unit-sold"), key=lambda row: (row["pool"], row["bucket"], row["height"])):
        label = (layer_number(row["layer"]), row["document"], row["specific"])
        stack = told.sold_units.setdefault((row["pool"], row["bucket"]), [])
        stack.extend((*label, offset) for offset in range(row["from"], row["to"]))
    for row in _read(executor, "unit-waiting"):
        told.short[row["pool"], row["event"], row["date"], row["quantity"], row["bucket"]] += 1
    for row in _read(executor, "unit-owed"):
        told.short[row["pool"], row["event"], layer_number(row["layer"]), row["quantity"], row["bucket"]] += 1
    told.last.update({row["pool"]: (layer_number(row["layer"]), row["to"]) for row in _read(executor, "unit-last")})


def _read(executor: Executor, name: str) -> list[dict[str, Any]]:
    names = [found for found, _ in executor.describe(name)]
    query = exp.select(*(column(found) for found in names)).from_(table(name))
    return [dict(zip(names, row, strict=True)) for row in executor.rows(query)]


def handed_over(executor: Executor) -> Hand:
    """What placing hands to the next period."""
    return {
        "open-unit": _read(executor, "unit-open"),
        "sold-unit": _read(executor, "unit-sold"),
        "waiting-unit": _read(executor, "unit-waiting"),
        "owed-unit": _read(executor, "unit-owed"),
        "last-layer": _read(executor, "unit-last"),
    }
