"""What of adjustments that put parts in the place of facts does not run; part of engine.plan.refusals.coverage."""

from __future__ import annotations

from engine.model.datatypes import Family
from engine.model.ruleset import Adjustment, Ruleset
from engine.plan.facts import DAY, kinds_by_day
from engine.plan.refusals.refusing import Refusals
from engine.plan.values.days import ends_of


def parting_refusals(ruleset: Ruleset, adjustment: Adjustment, found: Refusals) -> None:
    """Constructs of `split it by` and `replace it by` that are refused."""
    if adjustment.action.form == "split":
        _split(ruleset, adjustment, found)
    else:
        _replace(ruleset, adjustment, found)


def _split(ruleset: Ruleset, adjustment: Adjustment, found: Refusals) -> None:
    kind = ruleset.kinds[adjustment.grain.rows[0]]
    allocation = ruleset.allocations[adjustment.action.name]
    shares, place = allocation.shares, f"`split it by {allocation.name}`"
    if shares.over != DAY:
        found.add(
            adjustment.span, f"{place}, which shares over {shares.over}: facts are split over days", "share over day"
        )
    elif allocation.grain.rows != (kind.name,):
        found.add(adjustment.span, f"{place}, which shares no {kind.name}", f"write `for each {kind.name}`")
    elif ends_of(shares.when) is None:
        words = f"{place} without a first and a last day"
        found.add(allocation.span, words, "write `when day is at least A and day is at most B`")
    elif shares.value is None or shares.value.type.family is not Family.QUANTITY or shares.leftover != "units":
        found.add(allocation.span, f"{place}, which shares no units", "write `spreads quantity`, `leftover units`")
    for name in sorted(kinds_by_day(ruleset, allocation)):
        if ruleset.kinds[name].form != "nothing":
            found.add(allocation.span, f"{place} by facts of `{name}`, which move units", "let them move nothing")


def _replace(ruleset: Ruleset, adjustment: Adjustment, found: Refusals) -> None:
    kind = ruleset.kinds[adjustment.grain.rows[0]]
    record = ruleset.registers[adjustment.action.name].record
    place = f"`replace it by {record.name}`"
    if len(record.identity) != 2:
        found.add(adjustment.span, f"{place}, which is not identified by two keys", "name what stands for what")
        return
    first, second = record.identity
    own = {one.name: one.type for one in kind.record.columns}
    if second not in own:
        found.add(adjustment.span, f"{place}, whose rows name a {second}: `{kind.name}` has none", "")
    elif own[second] != record.column(first).type:
        found.add(adjustment.span, f"{place}, whose `{first}` is no {second}", "")
