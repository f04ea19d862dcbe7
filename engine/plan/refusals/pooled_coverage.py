"""What cannot stand beside `leave at average` and `leave at standard`, refused before a run.

A pool has one value for each price there: nothing in it is told apart.
"""

from __future__ import annotations

from dsl.span import Span
from engine.model.datatypes import Family
from engine.model.expression import FieldOf, ItemOf
from engine.model.ruleset import Change, Layers, Ruleset
from engine.model.walk import walk
from engine.plan.refusals.refusing import Refusals


def pooled_refusals(ruleset: Ruleset, layers: Layers, order: Span, found: Refusals) -> None:
    """Refuse phrases that tell units of a pool apart, and carried names without an average; `order` says the value."""
    beside = {
        "LeaveBy": bool(layers.leave_by),
        "ChangeCarried": layers.order == "average" or not all(_states(ruleset, change) for change in layers.changes),
        "Oversell": layers.oversell == "last-price",
        "Overreturn": layers.overreturn == "open-layer",
        "Leftover": layers.leftover == "apart",
    }
    said = f"`leave at {layers.order}`"
    for place in (span for name, span in layers.phrases if beside.get(name)):
        found.add(place, f"this phrase beside {said}", "leave it out, or `leave oldest first by DATE`")
    for name in (name for name in layers.carried if not _is_price(ruleset, layers, name)):
        found.add(order, f"{said} of layers that carry `{name}`: a pool has prices only", "carry prices")


def _states(ruleset: Ruleset, change: Change) -> bool:
    """Whether a change states a value by itself: it adds to nothing, and reads no layer."""
    rows = (change.kind,)
    return change.form == "to" and all(
        one.row != "layer"
        if isinstance(one, FieldOf)
        else one.item not in ruleset.amounts or ruleset.amounts[one.item].grain.rows == rows
        for one in walk(change.value)
        if isinstance(one, FieldOf | ItemOf)
    )


def _is_price(ruleset: Ruleset, layers: Layers, name: str) -> bool:
    if name in ruleset.amounts:
        return ruleset.amounts[name].type.family is Family.PRICE
    columns = [one for kind in layers.opening_kinds for one in ruleset.kinds[kind].record.columns if one.name == name]
    return bool(columns) and columns[0].type.family is Family.PRICE
