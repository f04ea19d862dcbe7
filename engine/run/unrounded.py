"""Texts without their roundings: what an amount would be had nothing been rounded."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from engine.model.expression import RoundedOf
from engine.model.walk import LEAVES

T = TypeVar("T")


def unrounded(node: T) -> T:
    """A bound text, or an item, in which every `rounded(E)` is E."""
    return _unrounded(node)  # type: ignore[no-any-return]


def _unrounded(node: Any) -> Any:
    if isinstance(node, RoundedOf):
        return _unrounded(node.value)
    if isinstance(node, tuple):
        return tuple(_unrounded(one) for one in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    inner = [one.name for one in fields(node) if one.name not in LEAVES]
    return replace(node, **{name: _unrounded(getattr(node, name)) for name in inner})
