"""Bound expressions rewritten: one item's text read in another item's row.

An item is evaluated in the asker's row by putting the asker's terms in place of its keys. So no value is computed for
keys that nobody asks for, and a decision costs a projection, not a join.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from dsl.span import Span
from engine.model.datatypes import DataType
from engine.model.expression import (
    AggregateOf,
    AtExtreme,
    BandOf,
    BucketOf,
    ExistsTest,
    Expression,
    Grain,
    ItemOf,
    KeyOf,
    RegisterField,
    Source,
)

T = TypeVar("T")
_LEAVES = (Span, DataType, Grain, str, int, type(None))
_FIELDS: dict[type, tuple[str, ...]] = {}


def in_terms_of(node: T, keys: Mapping[str, Expression], as_of: Expression | None, scope: Grain) -> T:
    """`node`, bound at grain `scope`, in the terms of an asker who knows `keys` and asks as of a date."""
    return cast(T, _rewrite(node, keys, as_of, scope))


def _rewrite(node: Any, keys: Mapping[str, Expression], as_of: Expression | None, scope: Grain) -> Any:
    if isinstance(node, KeyOf):
        return keys.get(node.name, node)
    if isinstance(node, Source):
        # The source's own side speaks of the source's rows: only the asker's side is rewritten.
        pairs = tuple((own, _rewrite(asked, keys, as_of, scope)) for own, asked in node.matching)
        return replace(node, matching=pairs)
    if isinstance(node, AggregateOf):
        return replace(node, source=_rewrite(node.source, keys, as_of, scope), scope=node.scope or scope)
    if isinstance(node, (AtExtreme,)):
        return replace(node, source=_rewrite(node.source, keys, as_of, scope))
    if isinstance(node, ExistsTest):
        before = None if node.before is None else _rewrite(node.before, keys, as_of, scope)
        return replace(node, source=_rewrite(node.source, keys, as_of, scope), before=before)
    if isinstance(node, tuple):
        made = tuple(_rewrite(one, keys, as_of, scope) for one in node)
        return node if all(new is old for new, old in zip(made, node, strict=True)) else made
    changed: dict[str, Any] = {}
    for name in _fields(type(node)):
        old = getattr(node, name)
        new = _rewrite(old, keys, as_of, scope)
        if new is not old:
            changed[name] = new
    if isinstance(node, (RegisterField, BucketOf)) and node.on is None:
        changed["on"] = as_of
    if isinstance(node, ItemOf) and node.as_of is None:
        changed["as_of"] = as_of
    return replace(node, **changed) if changed else node


def _fields(family: type) -> tuple[str, ...]:
    """The fields of a node of some class, none where it holds no expressions. Looked up once for each class."""
    if family not in _FIELDS:
        bare = issubclass(family, _LEAVES) or not is_dataclass(family)
        _FIELDS[family] = () if bare else tuple(one.name for one in fields(family))
    return _FIELDS[family]


def parts(node: object) -> Iterator[object]:
    """Every node of the asker's own terms inside a bound expression or test, the node itself first.

    The inside of an aggregate's or `exists`' source belongs to other rows and is not walked.
    """
    if isinstance(node, tuple):
        for one in node:
            yield from parts(one)
        return
    names = _fields(type(node))
    if not names:
        return
    yield node
    if isinstance(node, (AggregateOf, AtExtreme)):
        for _, asked in node.source.matching:
            yield from parts(asked)
        return
    if isinstance(node, ExistsTest):
        for _, asked in node.source.matching:
            yield from parts(asked)
        yield from parts(node.before)
        return
    if isinstance(node, BandOf):
        # What is banded has no value of its own, only at a band.
        yield from parts((node.of, getattr(node.value, "keys", ())))
        return
    for name in names:
        yield from parts(getattr(node, name))


def all_parts(node: object) -> Iterator[object]:
    """Every node inside a bound expression or test, sources included."""
    if isinstance(node, tuple):
        for one in node:
            yield from all_parts(one)
        return
    names = _fields(type(node))
    if not names:
        return
    yield node
    for name in names:
        yield from all_parts(getattr(node, name))
