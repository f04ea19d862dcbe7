"""What of journals and reports does not run in this version; part of engine.plan.refusals.coverage."""

from __future__ import annotations

from engine.model.expression import Expression, FieldOf, KeyOf, Literal, MomentOf
from engine.model.ruleset import Journal, Report, Ruleset, TrueUp
from engine.plan.posting.balances import DIMENSIONS
from engine.plan.refusals.currency_coverage import remeasurement_refusals
from engine.plan.refusals.offered import closing_calendar
from engine.plan.refusals.refusing import Refusals


def is_moment(node: Expression, shift: str, unit: str, edge: str) -> bool:
    """Whether an expression is one edge of a period, quarter or year, in one place relative to the current one."""
    return isinstance(node, MomentOf) and (node.shift, node.unit, node.edge) == (shift, unit, edge)


def journal_refusals(ruleset: Ruleset, journal: Journal, found: Refusals) -> None:
    """Constructs of a journal that are refused."""
    for line in journal.lines:
        if isinstance(line, TrueUp):
            _true_up(journal, line, found)
    if journal.reverses_on is not None and not is_moment(journal.reverses_on, "next", "period", "start"):
        place = f"`reverses on {journal.reverses_on.span.text}`"
        found.add(journal.reverses_on.span, place, "write `reverses on next period start`")
    if journal.calendar != closing_calendar(ruleset):
        place = f"`{journal.name}` in {journal.calendar}: books close by {closing_calendar(ruleset)}"
        found.add(journal.span, place, f"write `in {closing_calendar(ruleset)}`")
    if journal.grain.form == "rows" and journal.grain.rows[0] not in ruleset.kinds:
        found.add(
            journal.span, f"`{journal.name}` for each {journal.grain.rows[0]}", "post for each fact, slice or key"
        )
    _posting_date(ruleset, journal, found)


def _true_up(journal: Journal, line: TrueUp, found: Refusals) -> None:
    """A balance is brought to a value at the period's end, by what balances are kept by."""
    if journal.grain.form == "balances":
        remeasurement_refusals(journal, line, found)
        return
    if not isinstance(line.role, Literal):
        found.add(line.role.span, "`true up` of a role that a field names", "name the role")
    if journal.grain.form != "keys":
        found.add(line.span, "`true up` for each row", "true up for each key and period: `for each partner, period`")
        return
    for key in journal.grain.keys:
        if key.name not in (*DIMENSIONS, "period"):
            found.add(line.span, f"`true up` for each `{key.name}`: balances are not kept by it", "")
    if not journal.grain.has_period:
        found.add(line.span, "`true up` without `period`: a value is reached at a period's end", "add `period`")
    if not is_moment(journal.posts_on, "", "period", "end"):
        found.add(journal.posts_on.span, "`true up` on another day than the last", "write `posts on period end`")


def _posting_date(ruleset: Ruleset, journal: Journal, found: Refusals) -> None:
    """A posting lies on the day of its event or in the period; what would wait for a later period is not kept."""
    on, touched = journal.posts_on, journal.grain.touched or journal.grain.rows
    if isinstance(on, MomentOf) and on.shift == "" and on.unit == "period":
        return
    days = {ruleset.kinds[kind].record.on for kind in touched if kind in ruleset.kinds}
    if isinstance(on, KeyOf | FieldOf) and (on.name == "event-date" or days == {on.name}):
        return
    found.add(
        on.span,
        f"`posts on {on.span.text}`: lines post on the day of their event",
        "write the kind's own date, or `period end`",
    )


def report_refusals(report: Report, found: Refusals) -> None:
    """Constructs of a report that are refused."""
    if not report.rolls:
        return
    keys = [key.name for key in report.grain.keys]
    for key in keys:
        if key != "period" and key not in (*DIMENSIONS, "currency"):
            found.add(report.span, f"`{report.name}` rolled for each `{key}`: balances are not kept by it", "")
    if "period" not in keys:
        found.add(
            report.span, f"`{report.name}` rolled without `period`: balances roll from period to period", "add `period`"
        )
    for role, by in report.rolls:
        if by not in ("", "journal"):
            found.add(report.span, f"`rolls {role} by {by}`", "write `by journal`")
