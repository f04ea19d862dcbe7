"""From a line that takes another back to the line it takes back."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.plan.posting.differences import DIFFERENCE
from engine.plan.posting.postings import POSTING
from engine.plan.posting.reversals import REVERSAL
from engine.plan.relation import column, table
from engine.plan.world import World
from engine.run.explanation import LineExplanation, LineOfLedger, Reversed
from engine.run.shares import LINES


def is_reversal(line: LineOfLedger) -> bool:
    """Whether a line takes back one that was posted before."""
    return REVERSAL < line.number < DIFFERENCE


def is_of_the_run_itself(line: LineOfLedger) -> bool:
    """Whether a reversal takes back a line of its own run: one that came too late for its period."""
    return line.origin != line.period


def reversed_line(world: World, line_id: str, before: World) -> str | None:
    """The id, in the run `before`, of the line that a reversal of the run of `world` takes back; None where that run
    posted otherwise, as a trial run again may have."""
    names = [name for name, _ in POSTING]
    only = exp.EQ(this=column("id"), expression=exp.Literal.string(line_id))
    chosen = exp.select(*(column(one) for one in names)).from_(table(LINES)).where(only)
    found = dict(zip(names, world.executor.rows(chosen)[0], strict=True))
    found["line"] = int(str(found["line"])) - REVERSAL
    found["side"] = "credit" if found["side"] == "debit" else "debit"
    if before.period != world.period:
        found["origin"] = before.period.name
    same = [exp.NullSafeEQ(this=column(name), expression=exp.convert(found[name])) for name in names]
    rows = before.executor.rows(exp.select(column("id")).from_(table(LINES)).where(*same))
    return str(rows[0][0]) if rows else None


def explained_by(reversal: LineOfLedger, taken_back: LineExplanation) -> LineExplanation:
    """What explains the line that is taken back explains the reversal."""
    return replace(taken_back, line=reversal, swapped="", reverses=Reversed(taken_back.line.id, taken_back.run))
