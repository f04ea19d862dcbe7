"""Limits that rows use up: which are refused, by what they limit and what they are for each."""

from __future__ import annotations

from engine.model.ruleset import Adjustment, Amount, Cap, ExceptionRule, Ruleset
from engine.plan.refusals.refusing import Refusals
from engine.plan.values.occurring import beside

_ADVICE = "limit an amount for each fact, for each layer, or for each layer touched by what changes its values"


def limit_refusals(ruleset: Ruleset, found: Refusals) -> None:
    """Refuse limits on what has no order of its own to be served in."""
    for amount in ruleset.amounts.values():
        for cap in (one for one in amount.caps if one.form == "running"):
            _of_amount(ruleset, amount, cap, found)
        _of_exceptions(amount.exceptions, found)
    for decision in ruleset.decisions.values():
        _of_exceptions(decision.exceptions, found)
    for parameter in ruleset.parameters.values():
        _of_exceptions(parameter.exceptions, found)


def _of_exceptions(rules: tuple[ExceptionRule, ...], found: Refusals) -> None:
    for rule in rules:
        for cap in rule.caps:
            if cap.form == "running":
                found.add(
                    cap.span, "a limit that rows use up under an exception: what an exception gives uses up the limit",
                    "put it under the usual answer",
                )  # fmt: skip


def _of_amount(ruleset: Ruleset, amount: Amount, cap: Cap, found: Refusals) -> None:
    words = "a limit that rows use up, `earliest first until`"
    if cap is not amount.caps[-1]:
        found.add(cap.span, f"{words}, before another limit", "put it last, and only one")
    reason = _why_no_order(ruleset, amount)
    if reason:
        found.add(cap.span, f"{words}: {reason}", _ADVICE)
    elif not amount.type.is_numeric:
        found.add(cap.span, f"{words}: `{amount.name}` is no number", "limit units or money")
    else:
        _scope(ruleset, amount, cap, found)


def _why_no_order(ruleset: Ruleset, amount: Amount) -> str:
    grain = amount.grain
    if grain.form == "rows" and len(grain.rows) == 1 and grain.rows[0] in ruleset.kinds and not beside(ruleset, grain):
        return ""
    if grain.form == "layers" and grain.rows == ("layer",):
        return ""
    changing = {change.kind for layers in ruleset.layers.values() for change in layers.changes}
    if grain.form == "slices":
        moving = [kind for kind in grain.touched if kind not in changing]
        return f"units that `{moving[0]}` moves may come back" if moving else ""
    return f"rows of `{amount.name}` have no date and identity to be served by"


def _scope(ruleset: Ruleset, amount: Amount, cap: Cap, found: Refusals) -> None:
    if cap.grain is None or cap.grain.form != "keys":
        found.add(cap.span, "a limit for each of rows", "write `for each` and keys that the rows have")
        return
    for name in (key.name for key in cap.grain.keys):
        if name != "period" and not _has(ruleset, amount, name):
            found.add(cap.span, f"a limit for each `{name}`: rows of `{amount.name}` have none", "name keys they have")


def _has(ruleset: Ruleset, amount: Amount, name: str) -> bool:
    """Whether the rows of an amount have a field of that name."""
    grain = amount.grain
    layers = list(ruleset.layers.values())
    opening = tuple(kind for one in layers for kind in one.opening_kinds)
    kinds = grain.rows if grain.form == "rows" else opening if grain.form == "layers" else grain.touched
    of_pool = {key.name for one in layers for key in one.grain.keys} if grain.form == "slices" else set()
    return name in of_pool or any(
        name in {column.name for column in ruleset.kinds[kind].record.columns} for kind in kinds
    )


def adjustment_refusals(ruleset: Ruleset, adjustment: Adjustment, found: Refusals) -> None:
    """Refuse limits on adjustments that are of no period, and those on rows that have no units to count."""
    words = f"a limit on `adjustment {adjustment.name}`"
    for cap in adjustment.caps:
        if cap.form != "running" or len(adjustment.caps) > 1:
            found.add(cap.span, f"{words} that is not one number of units", "write one `earliest first until`")
        elif adjustment.twins is not None:
            found.add(
                cap.span, f"{words}, which excludes twins", "leave it out, and name large movements with a control"
            )
        elif cap.grain is None or cap.grain.form != "keys" or not cap.grain.has_period:
            found.add(cap.span, f"{words} that outlasts the period", "add `period` to its `for each`")
        else:
            _keys_of_adjustment(ruleset, adjustment, cap, found)


def _keys_of_adjustment(ruleset: Ruleset, adjustment: Adjustment, cap: Cap, found: Refusals) -> None:
    row = adjustment.grain.rows[0] if adjustment.grain.form == "rows" else ""
    kind = ruleset.kinds.get(row)
    have = {one.name for one in kind.record.columns} if kind is not None else set()
    have |= {key.name for key in adjustment.grain.keys}
    for name in (key.name for key in cap.grain.keys) if cap.grain is not None else ():
        if name != "period" and name not in have:
            found.add(
                cap.span, f"a limit for each `{name}`: rows of `{adjustment.name}` have none", "name keys they have"
            )
    if kind is not None and "quantity" not in have:
        found.add(cap.span, f"a limit on `adjustment {adjustment.name}`: {row} has no quantity", "")
