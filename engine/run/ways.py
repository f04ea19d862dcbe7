"""Why a journal posts something else under a scenario: the shortest way of reading from it to what is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsl.span import Span
from engine.model.checks.reading import Edge, edges, graph, path_to
from engine.model.expression import AggregateOf, Grain, LedgerBalance, Literal, RegisterField
from engine.model.posting_order import roles_posted
from engine.model.ruleset import Journal, Reconciliation, Ruleset, TrueUp
from engine.model.scenarios import Change, UnderScenario
from engine.model.walk import walk


@dataclass(frozen=True, slots=True)
class Step:
    """One item reads another, at a place of the text."""

    reader: str
    read: str
    place: str


@dataclass(frozen=True, slots=True)
class Way:
    """The steps from a journal to what a scenario changes, and the line of the scenario with its place."""

    steps: tuple[Step, ...]
    words: str
    place: str


class Ways:
    """Who reads whom under a scenario, journals, balances, layers and facts included."""

    def __init__(self, under: UnderScenario) -> None:
        self._changes = under.changes
        self._reads = _reading(under.ruleset)

    def from_journal(self, journal: str) -> Way | None:
        """The shortest way from a journal to a change; None where it reads nothing that is changed."""
        found = [way for change in self._changes if (way := self._to(f"journal {journal}", change)) is not None]
        return min(found, key=lambda one: len(one.steps), default=None)

    def _to(self, start: str, change: Change) -> Way | None:
        way = path_to(self._reads, start, change.item)
        if way is None:
            return None
        steps = tuple(Step(one.reader, one.read, str(one.span)) for one in way)
        return Way(steps, change.words, str(change.span))


def _reading(ruleset: Ruleset) -> dict[str, tuple[Edge, ...]]:
    """The graph of values and layers with journals, the roles whose balances are read, and kinds of facts beside."""
    found = {
        name: (*edges_, *_facts_read(ruleset, name, _item(ruleset, name))) for name, edges_ in graph(ruleset).items()
    }
    for layers in ruleset.layers.values():
        kinds = (*layers.opening_kinds, *layers.leaving_kinds, *layers.returning_kinds)
        changed = (edge for one in layers.changes for edge in edges(ruleset, layers.name, one.value))
        moved = (Edge(layers.name, kind, layers.span) for kind in kinds)
        found[layers.name] = (*found[layers.name], *changed, *moved)
    for journal in ruleset.journals.values():
        found[f"journal {journal.name}"] = tuple(_of_journal(ruleset, journal))
    for role in ruleset.accounts:
        posting = (one for one in ruleset.journals.values() if role in roles_posted(one))
        found[f"balance of {role}"] = tuple(
            Edge(f"balance of {role}", f"journal {one.name}", one.span) for one in posting
        )
    return found


def _item(ruleset: Ruleset, name: str) -> object:
    groups = (
        ruleset.amounts, ruleset.allocations, ruleset.decisions, ruleset.parameters, ruleset.tables,
        ruleset.reconciliations,
    )  # fmt: skip
    return next((group[name] for group in groups if name in group), ())


def _of_journal(ruleset: Ruleset, journal: Journal) -> Iterator[Edge]:
    name = f"journal {journal.name}"
    yield from edges(ruleset, name, journal)
    yield from _facts_read(ruleset, name, journal)
    for line in journal.lines:
        if isinstance(line, TrueUp) and isinstance(line.role, Literal):
            yield Edge(name, f"balance of {line.role.value}", line.role.span)


def _facts_read(ruleset: Ruleset, reader: str, item: object) -> Iterator[Edge]:
    """Kinds and layers that a reader goes over or sums, and balances it asks for."""
    grain, span = getattr(item, "grain", None), getattr(item, "span", None)
    if isinstance(grain, Grain) and isinstance(span, Span):
        yield from (Edge(reader, one, span) for one in _rows_of(ruleset, grain) if one != reader)
    if isinstance(item, Reconciliation) and isinstance(span, Span):
        yield from (Edge(reader, kind, span) for kind in ruleset.kinds)
    for node in walk(item):
        if isinstance(node, AggregateOf):
            yield from (Edge(reader, one, node.span) for one in _rows_of(ruleset, node.source.grain))
        elif isinstance(node, LedgerBalance) and isinstance(node.role, Literal):
            yield Edge(reader, f"balance of {node.role.value}", node.span)
        elif isinstance(node, RegisterField):
            yield Edge(reader, node.register, node.span)


def _rows_of(ruleset: Ruleset, grain: Grain) -> Iterable[str]:
    layers = tuple(ruleset.layers) if grain.form in ("layers", "slices") else ()
    return (*layers, *(one for one in (*grain.rows, *grain.touched) if one in ruleset.kinds))
