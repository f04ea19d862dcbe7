"""However broken a text is, what comes back is diagnostics, never an exception."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from dsl import syntax
from dsl.parse import parse
from dsl.span import Source, Span
from engine.model.from_syntax import resolve
from tests.model.small import SMALL
from tests.model.test_bindings import MORE
from tests.support import promises

[TEXT], _ = parse(Source("small.tieout", SMALL + MORE))
WORDS = ("nonsense", "period", "layer", "book", "quantity", "partner", "gross", "siso", "basis", "shipment", "overhead")


def places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where names stand under a node."""
    if isinstance(node, syntax.Name):
        return [path]
    if isinstance(node, tuple):
        return [place for at, one in enumerate(node) for place in places(one, (*path, at))]
    if is_dataclass(node) and not isinstance(node, Span):
        return [place for one in fields(node) for place in places(getattr(node, one.name), (*path, one.name))]
    return []


def renamed(node: Any, path: tuple[str | int, ...], word: str) -> Any:
    """The node with the name at a place exchanged."""
    if not path:
        return replace(node, text=word)
    step, *rest = path
    if isinstance(step, int):
        return (*node[:step], renamed(node[step], tuple(rest), word), *node[step + 1 :])
    return replace(node, **{step: renamed(getattr(node, step), tuple(rest), word)})


def test_text_with_an_item_left_out_is_refused_or_resolved() -> None:
    for at in range(len(TEXT.items)):
        ruleset, diagnostics = resolve([replace(TEXT, items=(*TEXT.items[:at], *TEXT.items[at + 1 :]))])
        assert (ruleset is None) == bool(diagnostics.errors)


@pytest.mark.parametrize("seed", range(promises.trials(40, per_commit=2)))
def test_text_with_one_word_exchanged_is_refused_or_resolved(seed: int) -> None:
    chance = random.Random(seed)
    everywhere = places(TEXT.items)
    assert len(everywhere) > 500
    refused = 0
    for place in chance.sample(everywhere, 30):
        ruleset, diagnostics = resolve([replace(TEXT, items=renamed(TEXT.items, place, chance.choice(WORDS)))])
        assert (ruleset is None) == bool(diagnostics.errors)
        refused += ruleset is None
    assert refused > 15
