"""Which of the situations that engines get wrong a history really reached, as the ledger of single units saw it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from tests.support.histories import History
from tests.support.oracle import RETURNS, Event, Layer, Policy, Pool, replay

HARD = (
    "oversell",
    "overreturn",
    "no-layer-yet",
    "left again after coming back",
    "came back twice",
    "several layers in one return",
    "from the named layer",
    "beyond the named layer",
    "specific units",
    "late layer before others",
    "waited for a layer",
    "settled",
    "served a period later",
    "came back a period later",
    "layer of two values",
    "reopened",
)
"""Situations by name, as `reached` counts them."""


def reached(policy: Policy, history: History) -> Counter[str]:
    """How often a pool was in each of the situations, counted once for each period."""
    found: Counter[str] = Counter()
    events = {event.identity: event for event in (*history.first, *history.second)}
    pools: dict[int, Pool] = {}
    for period in (history.first, history.second):
        start = min((event.identity for event in period), default=0)
        replay(policy, period, pools)
        for pool in pools.values():
            found.update({*_misfits(pool), *_revisits(pool), *_ways_out(pool, events), *_over_time(pool, start)})
    return found


def _misfits(pool: Pool) -> Iterator[str]:
    yield from (problem.problem for problem in pool.problems)
    if any(unit.like is not None for unit in pool.opened):
        yield "reopened"
    worth = {(unit.layer.identity, unit.values["price"]) for unit in pool.held}
    if len(worth) > len({layer for layer, _ in worth}):
        yield "layer of two values"


def _revisits(pool: Pool) -> Iterator[str]:
    moves = Counter((unit.layer, unit.offset, unit.returning) for unit in pool.moved if not unit.provisional)
    for (_, _, returning), count in moves.items():
        if count > 1:
            yield "came back twice" if returning else "left again after coming back"


def _ways_out(pool: Pool, events: Mapping[int, Event]) -> Iterator[str]:
    layers: dict[int, set[Layer]] = defaultdict(set)
    by_number = {layer.identity: layer for layer in pool.layers}
    for unit in (unit for unit in pool.moved if not unit.provisional):
        layers[unit.event].add(by_number[unit.layer])
    for event, touched in ((events[number], touched) for number, touched in layers.items()):
        if event.action == RETURNS and len(touched) > 1:
            yield "several layers in one return"
        if event.specific is not None:
            yield "specific units"
        if event.document is not None and any(layer.document == event.document for layer in touched):
            yield "from the named layer"
            if any(layer.document != event.document for layer in touched):
                yield "beyond the named layer"


def _over_time(pool: Pool, start: int) -> Iterator[str]:
    left: set[tuple[int, int]] = set()
    for unit in (unit for unit in pool.moved if not unit.provisional):
        if unit.step != unit.event:
            yield "settled" if unit.settling else "waited for a layer"
            if unit.event < start:
                yield "served a period later"
        if unit.returning and (unit.layer, unit.offset) not in left:
            yield "came back a period later"
        elif not unit.returning:
            left.add((unit.layer, unit.offset))
    old = [layer.place for layer in pool.layers if layer.identity < start]
    if any(layer.place < max(old, default=()) for layer in pool.layers if layer.identity >= start):
        yield "late layer before others"
