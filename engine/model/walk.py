"""Walking bound trees: every expression and every test under a node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from engine.model.expression import (
    Bound,
    ComparisonOf,
    ExistsTest,
    Expression,
    MissingTest,
    OneOfTest,
    PeriodTest,
    TestOf,
)

TESTS = (ComparisonOf, OneOfTest, MissingTest, ExistsTest, PeriodTest)
_INNER: dict[type, tuple[str, ...] | None] = {}
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


def _inner(family: type) -> tuple[str, ...] | None:
    """The fields of a node that can hold expressions; None for what is no node. Looked up once for each class."""
    if family not in _INNER:
        inner = fields(family) if is_dataclass(family) else None
        _INNER[family] = None if inner is None else tuple(one.name for one in inner if one.name not in LEAVES)
    return _INNER[family]


def operands(test: TestOf) -> tuple[Expression, ...]:
    """The expressions of a test whose values say why it holds or not."""
    match test:
        case ComparisonOf():
            return (test.left, test.right)
        case OneOfTest():
            return (test.left, *test.options)
        case MissingTest() | PeriodTest():
            return (test.left,)
        case ExistsTest():
            return ()
