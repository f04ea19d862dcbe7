"""What allocations read of wholes and parts, refused where no row has it."""

from __future__ import annotations

from dataclasses import replace

from engine.model.checks.reading import graph
from engine.model.expression import Grain
from engine.model.ruleset import Allocation, Control, Journal, Report, Ruleset, Shares
from engine.plan.facts import DAY, PERIOD
from engine.plan.refusals.offered import Offered, fact_rows, record_names, rows_of
from engine.plan.refusals.reading import Reading
from engine.plan.refusals.refusing import Refusals
from engine.plan.values.periods import days_named, of_one_period, reads_by_period


def read_allocations(ruleset: Ruleset, reading: Reading, refusals: Refusals, made: frozenset[str]) -> None:
    """Refuse allocations whose wholes or parts are no facts, and whatever they read that is not there."""
    for allocation in ruleset.allocations.values():
        reason = why_not_shared(ruleset, allocation)
        if reason:
            refusals.add(allocation.span, f"`allocation {allocation.name}`: {reason}", "let the feed give the shares")
            continue
        by_day = allocation.shares.over == DAY
        if allocation.shares.over == PERIOD:
            rows = _periods(ruleset, allocation, made)
            _read_by_period(ruleset, refusals, allocation)
        else:
            rows = _days(ruleset, allocation) if by_day else _rows(ruleset, allocation, made)
        for shares in (allocation.shares, *(one.shares for one in allocation.exceptions if one.shares is not None)):
            _read(reading, refusals, allocation, shares, rows)
        for one in allocation.exceptions:
            reading.tests(one.when, rows, allocation.grain)


def why_not_shared(ruleset: Ruleset, allocation: Allocation) -> str:
    """Why an allocation does not run, as the end of a sentence; empty where it does."""
    of_facts = allocation.grain.form == "rows" and allocation.grain.rows[0] in ruleset.kinds
    if allocation.shares.over in (DAY, PERIOD) and of_facts:
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


def _periods(ruleset: Ruleset, allocation: Allocation, made: frozenset[str]) -> Offered:
    """Facts once for each of their periods."""
    facts = fact_rows(ruleset, allocation.grain.rows[0], made)
    return replace(facts, keys=facts.keys | {PERIOD})


def _read_by_period(ruleset: Ruleset, refusals: Refusals, allocation: Allocation) -> None:
    """Refuse weights that name no days, and what is known of the period that is closed only."""
    if not days_named(ruleset, allocation):
        refusals.add(
            allocation.span, f"`allocation {allocation.name}` over periods that nothing names",
            f"weigh by days of the {allocation.grain.rows[0]}",
        )  # fmt: skip
    shares = (allocation.shares, *(one.shares for one in allocation.exceptions if one.shares is not None))
    of_period = tuple((one.weight, one.when, one.gifts) for one in shares)
    said = f"`allocation {allocation.name}`"
    _refuse_of_one_period(ruleset, refusals, of_period, allocation.shares.part_grain, said)


def read_by_period(ruleset: Ruleset, refusals: Refusals) -> None:
    """Refuse who reads shares of periods and has no period, and what a journal reads of one period beside them: a late
    fact posts several at once."""
    if any(one.shares.over == PERIOD for one in ruleset.allocations.values()):
        reads = graph(ruleset)
        items: list[Control | Journal | Report] = [*ruleset.journals.values(), *ruleset.controls.values()]
        for item in (*items, *ruleset.reports.values()):
            _read_by_period_of(ruleset, refusals, item, reads_by_period(ruleset, item, reads))


def _read_by_period_of(
    ruleset: Ruleset, refusals: Refusals, item: Control | Journal | Report, read: tuple[Allocation, ...]
) -> None:
    if read and not item.grain.has_period:
        words = f"`{item.name}`, which reads `{read[0].name}` of one period without naming it"
        refusals.add(item.span, words, "add `period` to the `for each`")
    elif read and isinstance(item, Journal) and item.grain.form == "rows":
        _refuse_of_one_period(ruleset, refusals, item, item.grain, f"`{item.name}`, which posts shares of periods")


def _refuse_of_one_period(ruleset: Ruleset, refusals: Refusals, node: object, grain: Grain, said: str) -> None:
    for one in of_one_period(ruleset, node, grain):
        words = " ".join(one.span.text.split())
        refusals.add(one.span, f"{said}: `{words}` is known of the period that is closed only", "")


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
