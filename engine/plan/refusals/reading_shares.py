"""What allocations read of wholes and parts, refused where no row has it."""

from __future__ import annotations

from dataclasses import replace

from engine.model.expression import Grain
from engine.model.ruleset import Allocation, Ruleset, Shares
from engine.plan.facts import DAY
from engine.plan.refusals.offered import Offered, fact_rows, record_names, rows_of
from engine.plan.refusals.reading import Reading
from engine.plan.refusals.refusing import Refusals


def read_allocations(ruleset: Ruleset, reading: Reading, refusals: Refusals, made: frozenset[str]) -> None:
    """Refuse allocations whose wholes or parts are no facts, and whatever they read that is not there."""
    for allocation in ruleset.allocations.values():
        reason = why_not_shared(ruleset, allocation)
        if reason:
            refusals.add(allocation.span, f"`allocation {allocation.name}`: {reason}", "let the feed give the shares")
            continue
        by_day = allocation.shares.over == DAY
        rows = _days(ruleset, allocation) if by_day else _rows(ruleset, allocation, made)
        for shares in (allocation.shares, *(one.shares for one in allocation.exceptions if one.shares is not None)):
            _read(reading, refusals, allocation, shares, rows)
        for one in allocation.exceptions:
            reading.tests(one.when, rows, allocation.grain)


def why_not_shared(ruleset: Ruleset, allocation: Allocation) -> str:
    """Why an allocation does not run, as the end of a sentence; empty where it does."""
    if allocation.shares.over == DAY and allocation.grain.form == "rows" and allocation.grain.rows[0] in ruleset.kinds:
        return ""
    if allocation.shares.over not in ruleset.kinds:
        return f"a whole is shared over facts, and {allocation.shares.over} is no kind"
    if allocation.grain.form != "rows" or allocation.grain.rows[0] not in ruleset.kinds:
        return "a whole is one fact"
    return ""


def _days(ruleset: Ruleset, allocation: Allocation) -> Offered:
    """Facts once for each day that they may be shared over, before anything is reconciled."""
    facts = fact_rows(ruleset, allocation.grain.rows[0], frozenset(), adjustment=True)
    fields = {(DAY, name) for name in ("start", "end", "working")}
    return replace(facts, fields=facts.fields | fields, keys=facts.keys | {DAY})


def _rows(ruleset: Ruleset, allocation: Allocation, made: frozenset[str]) -> Offered:
    """Facts of the parts, each with the fields of its whole."""
    whole = allocation.grain.rows[0]
    parts = rows_of(ruleset, Grain("rows", (allocation.shares.over,), (), allocation.shares.part_grain.keys, ""), made)
    names = record_names(ruleset.kinds[whole].record)
    return replace(parts, fields=parts.fields | {(whole, name) for name in names})


def _read(reading: Reading, refusals: Refusals, allocation: Allocation, shares: Shares, rows: Offered) -> None:
    parts = shares.part_grain
    shapes = [(shares.weight, reading.value(shares.weight, rows, parts))]
    shapes += [(one.value, reading.value(one.value, rows, parts)) for one in shares.gifts]
    if shares.value is not None:
        shapes.append((shares.value, reading.value(shares.value, rows, allocation.grain)))
    for value, shape in shapes:
        if shape.over is not None:
            refusals.add(value.span, "a quotient in an allocation", "write `rounded(...)`")
    reading.tests(shares.when, rows, parts)
    for one in shares.gifts:
        reading.tests(one.when, rows, parts)
