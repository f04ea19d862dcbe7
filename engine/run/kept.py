"""What the rows of a key read when they posted, as their entry kept it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from engine.model.ruleset import Journal, PostingLine
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.posting.journal import READ, entry_name
from engine.plan.relation import column, table
from engine.plan.world import World
from engine.run.explanation import Formula, LineOfLedger
from engine.run.said import place


def kept_values(
    world: World, journal: Journal, line: LineOfLedger, posting: PostingLine, formulas: Sequence[Formula]
) -> tuple[Formula, ...]:
    """The formulas with what each came to for the line's key, and the balances that were there before.

    Without values where several rows make the line.
    """
    made = world.relation(entry_name(journal))
    names = [name for name in made.column_names if name.startswith(READ)]
    given = dict(line.dimensions)
    same = [
        exp.NullSafeEQ(this=column(name), expression=exp.Literal.string(given[name]) if name in given else exp.Null())
        for name in DIMENSIONS
    ]
    query = exp.select(*(column(name) for name in names)).from_(table(made.name)).where(*same)
    rows = world.executor.rows(query) if names else []
    if len(rows) != 1:
        return tuple(formulas)
    values = {name.removeprefix(READ): value for name, value in zip(names, rows[0], strict=True)}
    decimals = {name: value for name, value in values.items() if isinstance(value, Decimal)}
    known = tuple(replace(one, value=decimals.get(one.name)) for one in formulas)
    before = [name for name in decimals if name.startswith("balance of ")]
    return (
        *known,
        *(Formula(name, "what was booked before", place(posting.span), decimals[name]) for name in before),
    )
