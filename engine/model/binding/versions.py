"""Versions: amounts, decisions and tables of one name that lie side by side, each for its own dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from dsl import syntax
from engine.model.amending import cell_text
from engine.model.binding.world import World
from engine.model.ruleset import Meta

VERSIONED = (syntax.Amount, syntax.Decision, syntax.Table)
Versioned = syntax.Amount | syntax.Decision | syntax.Table


def meta_of(node: syntax.Item) -> syntax.Meta | None:
    """What an item says of itself, wherever its syntax keeps it."""
    if isinstance(node, syntax.Amount | syntax.Allocation):
        return node.body.meta
    return getattr(node, "meta", None)


def stated_from(node: syntax.Item) -> date | None:
    """The first day an item states itself."""
    meta = meta_of(node)
    return None if meta is None else meta.effective_from


def version_of(node: syntax.AnyItem, other: syntax.AnyItem) -> bool:
    """Whether two items are versions of one: of one family and name, told apart by their first days."""
    if not isinstance(node, VERSIONED) or not isinstance(other, VERSIONED):
        return False
    alike = type(node) is type(other) and node.name.text == other.name.text
    return alike and stated_from(node) != stated_from(other)


def add_version(world: World, name: str, first: Versioned, node: Versioned) -> None:
    """Put one more version beside those of its name, earliest first; T103 where it asks something else."""
    difference = _difference(first, node)
    if difference:
        world.error(
            "T103",
            f"`{name}` is declared twice, first in line {first.name.span.location.line}, with another {difference}",
            node.name.span,
            "versions of one item differ in what they answer only; rename one of them",
        )
        return
    nodes = (*world.versions.get(name, (first,)), node)
    world.versions[name] = tuple(sorted(nodes, key=lambda one: stated_from(one) or date.min))


def check_versions(world: World) -> None:
    """Report days for which two versions are stated (T103) and days between two that none governs (T501)."""
    for name, nodes in world.versions.items():
        for earlier, later in pairwise(nodes):
            start, meta = stated_from(later), meta_of(earlier)
            through = None if meta is None else meta.effective_through
            if start is None or start == stated_from(earlier) or (through is not None and through >= start):
                world.error(
                    "T103",
                    f"two versions of `{name}` are stated for {start or 'the same days'}: the other stands in line "
                    f"{earlier.name.span.location.line}",
                    later.name.span,
                    "let one end before the other begins: `effective from D through D`, both days included",
                )
            elif through is not None and through + timedelta(days=1) < start:
                world.warning(
                    "T501",
                    f"no version of `{name}` governs {through + timedelta(days=1)} through {start - timedelta(days=1)}",
                    later.name.span,
                    "a run that asks for it on such a day stops; `through` is the last day a version holds",
                )


def ending(nodes: Sequence[Versioned], metas: Sequence[Meta]) -> list[Meta]:
    """The dates of versions, earliest first: one that states no last day holds until the next begins.

    The first may state no first day: it then holds from the beginning, whatever the header's default.
    """
    found: list[Meta] = []
    for at, (node, meta) in enumerate(zip(nodes, metas, strict=True)):
        start = stated_from(nodes[at + 1]) if at + 1 < len(nodes) else None
        through = meta.effective_through
        if through is None and start is not None:
            through = start - timedelta(days=1)
        found.append(replace(meta, effective_from=stated_from(node), effective_through=through, dated=True))
    return found


def _difference(first: Versioned, node: Versioned) -> str:
    """What two versions ask differently; '' where they ask the same."""
    if _said(first.scope) != _said(node.scope):
        return "`for each`"
    if isinstance(first, syntax.Decision) and isinstance(node, syntax.Decision):
        if [one.text for one in first.outcomes] != [one.text for one in node.outcomes]:
            return "list of outcomes"
        if _said(first.as_of) != _said(node.as_of):
            return "governing date"
    if isinstance(first, syntax.Amount) and isinstance(node, syntax.Amount):
        calendars = [one.calendar.text if one.calendar else "" for one in (first, node)]
        return "calendar" if calendars[0] != calendars[1] else ""
    if isinstance(first, syntax.Table) and isinstance(node, syntax.Table):
        heads = [[cell_text(cell) for cell in (*one.grid.head.cells, *one.grid.head.outputs)] for one in (first, node)]
        return "heading" if heads[0] != heads[1] else ""
    return ""


def _said(node: syntax.Node) -> str:
    return " ".join(node.span.text.split())
