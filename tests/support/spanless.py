"""Syntax trees without their spans, so that two texts can be compared by what they say."""

from __future__ import annotations

from dataclasses import fields, is_dataclass


def spanless(value: object) -> object:
    """A tree as nested tuples, each beginning with the name of its node; spans are left out."""
    if isinstance(value, tuple):
        return tuple(spanless(one) for one in value)
    if is_dataclass(value):
        inner = (spanless(getattr(value, field.name)) for field in fields(value) if field.name != "span")
        return (type(value).__name__, *inner)
    return value


def node_names(value: object) -> set[str]:
    """The names of all nodes in a tree."""
    if isinstance(value, tuple):
        return set().union(*map(node_names, value))
    if is_dataclass(value):
        inner = (node_names(getattr(value, field.name)) for field in fields(value) if field.name != "span")
        return {type(value).__name__}.union(*inner)
    return set()
