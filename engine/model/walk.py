"""Walking bound trees: every expression under a node, and the items, roles and rows they read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache

from engine.model.expression import (
    Bound,
    ComparisonOf,
    ExistsTest,
    FieldOf,
    ItemOf,
    MissingTest,
    OneOfTest,
    PeriodTest,
    TestOf,
)
from engine.model.ruleset import Ruleset

TESTS = (ComparisonOf, OneOfTest, MissingTest, ExistsTest, PeriodTest)
LEAVES = ("span", "type", "meta", "grain", "part_grain", "record", "scope")


def walk(node: object) -> Iterator[Bound]:
    """Every bound expression under a node, itself included, in order of writing, tests included."""
    for one in _nodes(node):
        if isinstance(one, Bound):
            yield one


def tests_under(node: object) -> Iterator[TestOf]:
    """Every single test under a node, in order of writing."""
    for one in _nodes(node):
        if isinstance(one, TESTS):
            yield one


def _nodes(node: object) -> Iterator[object]:
    if isinstance(node, tuple):
        for one in node:
            yield from _nodes(one)
        return
    inner = _inner(type(node))
    if inner is not None:
        yield node
        for name in inner:
            yield from _nodes(getattr(node, name))


@lru_cache(maxsize=256)
def _inner(family: type) -> tuple[str, ...] | None:
    """The fields of a node that can hold expressions; None for what is no node."""
    if not is_dataclass(family):
        return None
    return tuple(field.name for field in fields(family) if field.name not in LEAVES)


def items_read(node: object) -> Iterator[tuple[str, Bound]]:
    """The items a node reads, by name as `ItemOf` says it, with the place of reading."""
    for one in walk(node):
        if isinstance(one, ItemOf):
            yield one.item, one


def reconciliation_read(ruleset: Ruleset, node: object) -> Iterator[tuple[str, Bound]]:
    """The reconciliations whose own values a node reads, inside their row or from outside."""
    for one in walk(node):
        if isinstance(one, FieldOf) and one.row in ruleset.reconciliations:
            yield one.row, one
        elif isinstance(one, ItemOf) and one.item.partition(".")[0] in ruleset.reconciliations:
            yield one.item.partition(".")[0], one
