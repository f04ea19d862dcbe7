"""Place the units of a run: by set-based relations wherever they are exact, by the fold in the pools they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from engine.plan.executor import Executor, Row
from engine.plan.relation import Origin, Relation
from engine.plan.units.layers import axis, slices, state, takes
from engine.plan.units.layers.policy import Placing
from engine.plan.units.layers.written import Columns, bigints, query
from engine.run.fold import Backlog, Fold, Folded, Opening, note_layer
from engine.run.transferring import Groups

_LAYERS = Origin("layers")
_FLUSH = 200_000
_SCRATCH = ("unit-step", "pool-reach", "held-axis", "unit-axis", "reached-unit")
_MARKS = tuple((name, "BOOLEAN") for name in ("returning", "settling", "provisional"))
_REOPENED = bigints("event", "pool", "layer", "like", "quantity")
_PROBLEM = (*bigints("pool", "event"), ("problem", "VARCHAR"), ("quantity", "BIGINT"))

FOLDED: tuple[tuple[str, str, Columns], ...] = (
    ("slices", "folded-slice", (*bigints("event", "layer", "from", "to"), *_MARKS, ("step", "BIGINT"))),
    ("held", "folded-held", bigints("event", "pool", "layer", "from", "to")),
    ("reopened", "unit-reopened", _REOPENED),
    ("problems", "unit-problem", _PROBLEM),
    ("open", "folded-open", bigints("pool", "layer", "place", "from", "to")),
    (
        "sold",
        "folded-sold",
        (*bigints("pool"), ("bucket", "VARCHAR"), *bigints("height", "layer", "place", "from", "to")),
    ),
    ("waiting", "folded-waiting", (*bigints("pool", "event", "quantity"), ("bucket", "VARCHAR"))),
    ("owed", "folded-owed", (*bigints("pool", "event", "layer", "quantity"), ("bucket", "VARCHAR"))),
    ("last", "folded-last", bigints("pool", "layer", "to")),
)
"""Where the fold's rows go: field of `Folded`, relation, columns."""

_EVENTS = """
    SELECT e.pool, e.event, e.class, COALESCE(e.quantity, 0), COALESCE(e.place, 0), e.bucket,
        CASE WHEN n.pool IS NOT NULL THEN e.document END, e.specific, e.otherwise
    FROM "unit-event" AS e
    JOIN "folded-pool" AS f ON f.pool = e.pool
    LEFT JOIN (
        SELECT DISTINCT pool FROM "unit-event" WHERE class = 3 AND document IS NOT NULL
    ) AS n ON n.pool = e.pool
    ORDER BY e.pool, e.event
"""
_SHARING = """
    SELECT pool FROM "transfer-pool"
"""
_GROUP_EVENTS = """
    SELECT g."group", t.receiver, t.arrival, e.date,
        e.pool, e.event, e.class, COALESCE(e.quantity, 0), COALESCE(e.place, 0), e.bucket,
        e.document, e.specific, e.otherwise
    FROM "unit-event" AS e
    JOIN "transfer-pool" AS g ON g.pool = e.pool
    LEFT JOIN "unit-transfer" AS t ON t.event = e.event
    WHERE e.class <> 5
    ORDER BY g."group", e.event
"""
_OPEN = """
    SELECT s.pool, s.place, s.layer, s."from", s."to", s.document, s.specific
    FROM "open-unit" AS s
    JOIN "folded-pool" AS f ON f.pool = s.pool
    ORDER BY s.pool, s.place, s.layer, s."from"
"""
_SOLD = """
    SELECT s.pool, s.place, s.layer, s."from", s."to", s.document, s.specific, s.bucket
    FROM "sold-unit" AS s
    JOIN "folded-pool" AS f ON f.pool = s.pool
    ORDER BY s.pool, s.bucket, s.height
"""
_BACKLOG = """
    SELECT b.pool, b.event, b.quantity, b.bucket, b.layer
    FROM (
        SELECT pool, event, quantity, bucket, CAST(NULL AS BIGINT) AS layer FROM "waiting-unit"
        UNION ALL
        SELECT pool, event, quantity, bucket, layer FROM "owed-unit"
    ) AS b
    JOIN "folded-pool" AS f ON f.pool = b.pool
    ORDER BY b.pool, b.event
"""
_LAST = """
    SELECT s.pool, s.layer, s."to"
    FROM "last-layer" AS s
    JOIN "folded-pool" AS f ON f.pool = s.pool
    ORDER BY s.pool
"""
_AGES = """
    SELECT p.pool, p.layer, p.age
    FROM "layer place" AS p
    JOIN "folded-pool" AS f ON f.pool = p.pool
    ORDER BY p.pool, p.layer
"""


LAYERS = Origin("layers")


@dataclass(frozen=True, slots=True)
class PlacingReport:
    """How many pools each plan served, and how many events the fold replayed."""

    pools_by_axis: int
    pools_by_fold: int
    events_by_fold: int
    events: int


def place_units(
    executor: Executor,
    policy: Placing,
    origin: Origin = LAYERS,
    watch: Callable[[Relation, int | None], None] | None = None,
) -> PlacingReport:
    """Say which units each event moves, reading `unit-event` and the hand-over relations, writing the results.

    Reads `unit-event`, `open-unit`, `sold-unit`, `waiting-unit`, `owed-unit`, `last-layer`, and `layer place` where the
    dearest leave first; writes `unit-slice`, `unit-held`, `unit-reopened`, `unit-problem` and the state after the last
    event: `unit-open`, `unit-sold`, `unit-waiting`, `unit-owed`, `unit-last`. `watch` hears of each relation made. A
    row of `unit-problem` means the caller must stop the run.
    """

    def make(*relations: Relation) -> None:
        for relation in relations:
            rows = executor.create(relation)
            if watch is not None:
                watch(relation, rows)

    make(takes.taken_units(policy, origin))
    make(axis.pool_buckets(origin), axis.out_of_turn(policy, origin), axis.steps(origin), axis.reaches(origin))
    make(*(build(origin) for build in (axis.reached_units, axis.held_axis, axis.whole_axis, axis.tiled_pools)))
    make(slices.axis_slices(origin), slices.folded_pools(origin))
    folded_events = _fold(executor, policy)
    make(slices.all_slices(origin), slices.held_units(origin))
    make(state.layer_labels(origin), state.open_units(origin), state.sold_units(policy, origin))
    make(state.waiting_units(origin), state.owed_units(origin), state.last_layers(origin))
    for name in _SCRATCH:
        executor.drop(name)
    folded = _count(executor, 'SELECT COUNT(*) FROM "folded-pool"')
    pools = _count(executor, 'SELECT COUNT(DISTINCT pool) FROM "unit-event"')
    events = _count(executor, 'SELECT COUNT(*) FROM "unit-event"')
    return PlacingReport(pools - folded, folded, folded_events, events)


def _count(executor: Executor, text: str) -> int:
    found = executor.rows(query(text))[0][0]
    assert isinstance(found, int)
    return found


def _fold(executor: Executor, policy: Placing) -> int:
    """Replay the pools no set-based plan serves and append what is found; the number of events replayed."""
    fold = Fold(policy, _Openings(executor, policy).of)
    _append(executor, fold.take_found(), always=True)
    events = query(_EVENTS)
    if policy.transfers:
        events = events.where(exp.Not(this=exp.In(this=exp.column("pool", "e"), query=query(_SHARING).subquery())))
    for batch in executor.stream(events):
        fold.play(batch)  # type: ignore[arg-type]  # rows of the database are untyped
        if len(fold.found.slices) + len(fold.found.held) > _FLUSH:
            _append(executor, fold.take_found())
    fold.finish()
    _append(executor, fold.take_found())
    return fold.events + (_fold_groups(executor, policy) if policy.transfers else 0)


def _fold_groups(executor: Executor, policy: Placing) -> int:
    """Replay the pools between which units go, group by group; the number of events replayed."""
    openings, found = _Openings(executor, policy), Folded()
    pools = [int(str(pool)) for (pool,) in executor.rows(query(_SHARING).order_by("pool"))]
    begins = {pool: openings.of(pool) for pool in pools}
    groups = Groups(policy, begins, found)
    for batch in executor.stream(query(_GROUP_EVENTS)):
        groups.play(batch)  # type: ignore[arg-type]  # rows of the database are untyped
    groups.finish()
    _append(executor, found)
    return groups.events


def _append(executor: Executor, found: Folded, *, always: bool = False) -> None:
    for field, name, columns in FOLDED:
        rows = getattr(found, field)
        if rows or always:
            executor.append(name, columns, rows)


class _Openings:
    """The hand-over of the pools to fold, read side by side in the order of pools."""

    def __init__(self, executor: Executor, policy: Placing) -> None:
        self._open = _ByPool(executor, query(_OPEN))
        self._sold = _ByPool(executor, query(_SOLD))
        self._backlog = _ByPool(executor, query(_BACKLOG))
        self._last = _ByPool(executor, query(_LAST))
        self._ages = _ByPool(executor, query(_AGES)) if policy.order == "dearest" else None

    def of(self, pool: int) -> Opening:
        """What a pool begins with; pools must be asked for in ascending order."""
        opening = Opening()
        for _, place, layer, lower, upper, document, specific in self._open.take(pool):
            opening.held.append((place, layer, lower, upper))
            note_layer(opening.documents, document, place, layer)
            note_layer(opening.specifics, specific, place, layer)
        for _, place, layer, lower, upper, document, specific, bucket in self._sold.take(pool):
            opening.left.setdefault(bucket, []).append((place, layer, lower, upper))
            note_layer(opening.documents, document, place, layer)
            note_layer(opening.specifics, specific, place, layer)
        for _, event, quantity, bucket, layer in self._backlog.take(pool):
            opening.backlog.append(Backlog(event, quantity, bucket, layer))
        for _, layer, upper in self._last.take(pool):
            opening.last = (layer, upper)
        if self._ages is not None:
            opening.ages = {layer: age for _, layer, age in self._ages.take(pool)}
        return opening


class _ByPool:
    """Rows sorted by pool, their first column, handed out pool by pool."""

    def __init__(self, executor: Executor, rows: exp.Query) -> None:
        self._rows: Iterator[Row] = (row for batch in executor.stream(rows) for row in batch)
        self._next: Row | None = next(self._rows, None)

    def take(self, pool: int) -> Iterator[tuple[Any, ...]]:
        """The rows of a pool; those of lower pools are passed over."""
        while self._next is not None and self._next[0] <= pool:  # type: ignore[operator]
            if self._next[0] == pool:
                yield self._next
            self._next = next(self._rows, None)
