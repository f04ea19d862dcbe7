"""Kinds that the books tell of: only the fields they know, each of a type that fits, happening on a day they know."""

from __future__ import annotations

from collections.abc import Iterable

from dsl import syntax
from dsl.span import Span
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.terms import UNKNOWN
from engine.model.binding.world import World
from engine.model.datatypes import Family
from engine.model.schema import Column, Record
from engine.model.told import ACTIONS, SUBJECTS, TOLD, Told


def check_told(world: World, node: syntax.Kind, record: Record) -> str:
    """What a kind tells of, '' for one that is fed; T101 and T201 for what the books cannot tell."""
    named = node.movement.told
    if named is None:
        return ""
    told = TOLD.get(named.text)
    if told is None:
        help_text = did_you_mean(named.text, TOLD) or f"the books tell of {_listed(TOLD)}"
        world.error("T101", f"the books tell of no `{named.text}`", named.span, help_text)
        return ""
    places = _places(node)
    for column in record.columns:
        _check_field(world, named.text, told, column, places.get(column.name, node.name.span))
    if record.on in told.fields and record.on not in told.dates:
        world.error("T201", f"`{record.on}` is no day", node.on.span, f"name one of {_listed(told.dates)}")
    return named.text


def _places(node: syntax.Kind) -> dict[str, Span]:
    names = [*node.identity, *(name for line in node.fields for name in (*line.required, *line.perhaps))]
    return {node.on.text: node.on.span} | {name.text: name.span for name in names}


def _check_field(world: World, word: str, told: Told, column: Column, span: Span) -> None:
    families = told.fields.get(column.name)
    if families is None:
        help_text = did_you_mean(column.name, told.fields) or f"they tell {_listed(told.fields)}"
        world.error("T101", f"of {word} the books do not tell `{column.name}`: {told.row}", span, help_text)
    elif column.type != UNKNOWN and column.type.family not in families:
        wanted = " or ".join(str(one.value) for one in families)
        world.error("T201", f"`{column.name}` is {column.type}, and the books tell {wanted}", span, "change its term")
    elif column.type.family is Family.ENUMERATION:
        known = _subjects(world, column.name)
        for value in column.type.values:
            if value not in known:
                what = SUBJECTS.get(column.name, "action")
                help_text = did_you_mean(value, known) or f"a value of `{column.name}` names what is told of"
                world.error("T101", f"`{value}` is no {what}", span, help_text)


def _subjects(world: World, field: str) -> tuple[str, ...]:
    """What the values of an enumeration may name."""
    if field in ("delivered", "adjusted"):
        return tuple(name for name, kind in world.kinds.items() if kind.movement.told is None)
    if field == "adjustment":
        return tuple(one.name.text for one in world.of_type(syntax.Adjustment))
    if field == "finding":
        return (*(one.name.text for one in world.of_type(syntax.Control)), *world.reconciliations)
    return ACTIONS


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
