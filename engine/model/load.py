"""Texts to a ruleset: each folder or file read as one text, then base and overlays resolved as one."""

from __future__ import annotations

from collections.abc import Sequence

from dsl import syntax
from dsl.diagnostics import Diagnostics
from dsl.parse import parse_ruleset
from dsl.span import Source
from engine.model.from_syntax import resolve
from engine.model.ruleset import Ruleset


def load_ruleset(texts: Sequence[Sequence[Source]]) -> tuple[Ruleset | None, Diagnostics]:
    """The ruleset that the sources of a base and of its overlays make, base first; None where anything is an error.

    Names are looked up only once every text reads, so that one misspelt line is told once.
    """
    trees, diagnostics = parse_all(texts)
    if diagnostics.errors:
        return None, diagnostics
    ruleset, found = resolve(trees)
    diagnostics.extend(found)
    return ruleset, diagnostics


def parse_all(texts: Sequence[Sequence[Source]]) -> tuple[tuple[syntax.RulesetText, ...], Diagnostics]:
    """The syntax trees of several rulesets, and what does not read in any of them."""
    diagnostics = Diagnostics()
    trees: list[syntax.RulesetText] = []
    for sources in texts:
        tree, found = parse_ruleset(sources)
        diagnostics.extend(found)
        if tree is not None:
            trees.append(tree)
    return tuple(trees), diagnostics
