"""True-ups as lines of an entry.

`true up R to E, offset to S` posts E less the balance of R: where R is short, on R's normal side, and S on the other;
where R has too much, the other way round. So a true-up is two lines of one amount that may be negative.
"""

from __future__ import annotations

from dsl.diagnostics import InternalError
from engine.model.binding.terms import CALENDAR_WORDS
from engine.model.expression import Arithmetic, Expression, KeyOf, LedgerBalance, Literal
from engine.model.ruleset import Journal, PostingLine, Ruleset, TrueUp


def posted_lines(ruleset: Ruleset, journal: Journal) -> tuple[PostingLine, ...]:
    """The lines of a journal in the order of their numbers; a true-up is two."""
    found: list[PostingLine] = []
    for line in journal.lines:
        found += [line] if isinstance(line, PostingLine) else _two_lines(ruleset, journal, line)
    return tuple(found)


def _two_lines(ruleset: Ruleset, journal: Journal, line: TrueUp) -> list[PostingLine]:
    if not isinstance(line.role, Literal):
        raise InternalError(f"{journal.name} trues up a role that no text names; check refuses it")
    normal = ruleset.accounts[str(line.role.value)].normal
    keys = tuple(
        (key.name, KeyOf(key.type, line.span, False, key.name))
        for key in journal.grain.keys
        if key.name not in CALENDAR_WORDS
    )
    held = LedgerBalance(line.target.type, line.role.span, False, line.role, "", False, keys)
    lacking: Expression = Arithmetic(line.target.type, line.span, False, "-", line.target, held)
    return [
        PostingLine(line.span, normal, line.role, lacking),
        PostingLine(line.span, "credit" if normal == "debit" else "debit", line.offset, lacking),
    ]
