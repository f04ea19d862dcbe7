"""Texts to syntax trees: each folder or file read as one text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from dsl import syntax
from dsl.diagnostics import Diagnostic, Diagnostics
from dsl.parse import parse_ruleset
from dsl.span import Source


def parse_all(texts: Sequence[Sequence[Source]]) -> tuple[tuple[syntax.RulesetText, ...], Diagnostics]:
    """The syntax trees of several rulesets, and what does not read in any of them."""
    diagnostics = Diagnostics()
    trees: list[syntax.RulesetText] = []
    for sources in texts:
        tree, found = _parsed(tuple(sources))
        diagnostics.extend(found)
        if tree is not None:
            trees.append(tree)
    return tuple(trees), diagnostics


@lru_cache(maxsize=8)
def _parsed(sources: tuple[Source, ...]) -> tuple[syntax.RulesetText | None, tuple[Diagnostic, ...]]:
    """One text, read once: a base is the base of many overlays."""
    tree, found = parse_ruleset(sources)
    return tree, tuple(found)
