"""Base and overlays as one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dsl import syntax
from dsl.diagnostics import Diagnostics


@dataclass(frozen=True, slots=True)
class Merged:
    """One text: the head of the last overlay, that of the base, all items, the head each item stands under by name."""

    head: syntax.Head
    base: syntax.Head
    items: tuple[syntax.AnyItem, ...]
    heads: dict[str, syntax.Head]
    lineage: tuple[tuple[str, Decimal], ...]
    texts: tuple[tuple[str, str], ...]


def merge(texts: Sequence[syntax.RulesetText], diagnostics: Diagnostics) -> Merged | None:
    """Merge texts, base first."""
    if not texts:
        return None
    base = texts[0]
    heads = {item.name.text: base.head for item in base.items if isinstance(item, syntax.Item)}
    return Merged(base.head, base.head, base.items, heads, ((base.head.name.text, base.head.version),), ())
