"""Which overrides a journal line rests on."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.expression import Source
from engine.model.ruleset import Journal
from engine.plan.overrides import OVERRIDES, row_keys
from engine.plan.values.substitute import all_parts
from engine.run.basis import Asked, Questions, asked_keys, item_of
from engine.run.explanation import LineOfLedger
from engine.run.facts_asked import FactsAsked
from engine.run.overridden import of_rows
from engine.run.results import OverrideLine


def rests_on(
    facts: FactsAsked, journal: Journal, line: LineOfLedger, asked: Asked | None, read: Questions
) -> tuple[OverrideLine, ...]:
    """The overrides that a line rests on: of rows that its facts were made from, that its rules ask about, or that its
    journal is of."""
    world = facts.world
    if not world.has(OVERRIDES):
        return ()
    made_from = facts.rows_made_from(share.fact for share in facts.shares if share.fact is not None)
    rows: list[tuple[str, Mapping[str, object]]] = list(made_from)
    for found in world.ruleset.reconciliations.values():
        if found.name in journal.grain.rows or _is_read(found.name, read):
            rows.append((found.name, dict(line.dimensions)))
        names = row_keys(found)
        for question in read.reconciled if asked is not None else ():
            item = item_of(world.ruleset, question.node.item)
            if asked is not None and item is not None and found.name in item.grain.rows:
                keys = asked_keys(asked, question, names)
                rows += [(found.name, dict(zip(names, one, strict=True))) for one in keys]
    return of_rows(world, rows)


def _is_read(reconciliation: str, read: Questions) -> bool:
    """Whether some text adds up rows of a reconciliation, or looks for them."""
    return any(
        isinstance(one, Source) and reconciliation in one.grain.rows for node in read.nodes for one in all_parts(node)
    )
