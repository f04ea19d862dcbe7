"""What a ruleset says and a run reads over: warned of once, because the books come out the same without it."""

from __future__ import annotations

from dsl.diagnostics import Diagnostics
from engine.model.checks.reading import values_of
from engine.model.expression import FieldOf
from engine.model.ruleset import Ruleset
from engine.model.walk import walk


def warn_of_corrections(ruleset: Ruleset, diagnostics: Diagnostics) -> None:
    """Warn (T901) rules that every correction is of a late fact, and that nobody flags one yet."""
    items = (*values_of(ruleset).values(), *ruleset.controls.values())
    asked = [
        node for item in items for node in walk(item)
        if isinstance(node, FieldOf) and node.row == "correction" and node.name in ("cause", "flagged")
    ]  # fmt: skip
    if asked:
        first = min(asked, key=lambda node: (node.span.source.name, node.span.start))
        diagnostics.warning(
            "T901",
            "every correction is of a late fact, and none is flagged, in this version",
            first.span,
            "a fact that was wrong is corrected by a fact of its own, which is known late; weigh it by its shares",
        )
