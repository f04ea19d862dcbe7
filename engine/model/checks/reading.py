"""Who reads what: the graph of items, and the loops in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dsl.span import Span
from engine.model.expression import AggregateOf, Bound, FieldOf, ItemOf
from engine.model.kept import once_for_a_ruleset
from engine.model.ruleset import Allocation, Amount, Decision, Parameter, Ruleset, Table
from engine.model.walk import walk

Value = Amount | Allocation | Decision | Parameter | Table


@dataclass(frozen=True, slots=True)
class Edge:
    """One item reads another, at a place."""

    reader: str
    read: str
    span: Span


def values_of(ruleset: Ruleset) -> dict[str, Value]:
    """Every item that gives a value, by its own name."""
    return {
        **ruleset.amounts,
        **ruleset.allocations,
        **ruleset.decisions,
        **ruleset.parameters,
        **ruleset.tables,
    }


def owner_of(ruleset: Ruleset, name: str) -> str:
    """The item that holds a value: of a table's output its table, of `siso.value` its reconciliation."""
    if "." in name:
        return name.partition(".")[0]
    for table in ruleset.tables.values():
        if any(name == output for output, _ in table.outputs):
            return table.name
    return name


def edges(ruleset: Ruleset, reader: str, node: object) -> Iterator[Edge]:
    """Every item a node reads: values, reconciliations, and layers where it goes over them."""
    for place in walk(node):
        for read in _read(ruleset, place):
            yield Edge(reader, read, place.span)


def _read(ruleset: Ruleset, place: Bound) -> tuple[str, ...]:
    if isinstance(place, ItemOf):
        return (owner_of(ruleset, place.item),)
    if isinstance(place, FieldOf):
        return (place.row,) if place.row in ruleset.reconciliations else ()
    if isinstance(place, AggregateOf) and place.source.grain.form in ("layers", "slices"):
        return tuple(ruleset.layers)
    return ()


@once_for_a_ruleset
def graph(ruleset: Ruleset) -> dict[str, tuple[Edge, ...]]:
    """The graph of values, reconciliations and layers; layers read what they carry and test."""
    found: dict[str, tuple[Edge, ...]] = {}
    for name, value in values_of(ruleset).items():
        own = (edge for edge in edges(ruleset, name, value) if not _own_outcome(value, edge))
        found[name] = tuple(own)
    for name, reconciliation in ruleset.reconciliations.items():
        found[name] = tuple(edge for edge in edges(ruleset, name, reconciliation) if edge.read != name)
    for name, layers in ruleset.layers.items():
        tested = (*edges(ruleset, name, layers.ignores), *edges(ruleset, name, layers.leave_by))
        carried = tuple(
            Edge(name, one, layers.span) for one in layers.carried if one in found or one in ruleset.decisions
        )
        found[name] = (*carried, *(edge for edge in tested if edge.read != name))
    return found


def _own_outcome(value: Value, edge: Edge) -> bool:
    return isinstance(value, Table) and edge.read == value.name


def path_to(graph: Mapping[str, tuple[Edge, ...]], start: str, goal: str) -> tuple[Edge, ...] | None:
    """The shortest way of reading from one item to another, or None; an item is no way to itself without an edge."""
    ways: list[tuple[Edge, ...]] = [(edge,) for edge in graph.get(start, ())]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        at = way[-1].read
        if at == goal:
            return way
        if at in seen:
            continue
        seen.add(at)
        ways.extend((*way, edge) for edge in graph.get(at, ()))
    return None


def reachable(graph: Mapping[str, tuple[Edge, ...]], start: str) -> frozenset[str]:
    """Everything an item reads, directly or not, itself included."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(edge.read for edge in graph.get(name, ()))
    return frozenset(found)
