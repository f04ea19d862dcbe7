"""Calendars from their lines: months or weeks, midnight, working days."""

from __future__ import annotations

from dsl import syntax
from engine.ledger.calendar import PATTERNS, Calendar
from engine.model.binding.suggestions import did_you_mean
from engine.model.binding.world import World

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LAST_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def bind_calendar(world: World, node: syntax.Calendar) -> Calendar:
    """One calendar; of two lines of a form the later stands, so that an overlay can restate one."""
    pattern, end_month, end_day, weekday, joins, named_by = "", 12, 31, 0, 0, "last"
    zone, working, holidays = "UTC", tuple(range(5)), ""
    for line in node.lines:
        if isinstance(line, syntax.CalendarMonths):
            pattern, end_month, end_day = "", _month(world, line.month), int(line.day.value)
            named_by = line.named_by or "last"
            if end_day != LAST_DAYS[end_month - 1]:
                last = f"write `{LAST_DAYS[end_month - 1]} {MONTHS[end_month - 1]}`"
                world.error("T012", "a year of months ends with the last day of a month", line.day.span, last)
        elif isinstance(line, syntax.CalendarWeeks):
            pattern, named_by = line.pattern, line.named_by or "last"
            joins = _joined(world, line)
            if line.nearest is not None:
                day, number, month = line.nearest
                weekday, end_day, end_month = _weekday(world, day), int(number.value), _month(world, month)
                if not 1 <= end_day <= LAST_DAYS[end_month - 1]:
                    said = f"{number.value} {MONTHS[end_month - 1]} is no day of every year"
                    world.error("T012", said, number.span, f"write a day from 1 to {LAST_DAYS[end_month - 1]}")
            elif line.last is not None:
                weekday, end_day, end_month = _weekday(world, line.last[0]), 0, _month(world, line.last[1])
            if not line.named_by:
                _must_be_named(world, line)
        elif isinstance(line, syntax.CalendarZone):
            zone = line.zone
        else:
            working = tuple(_weekday(world, day) for day in line.days)
            holidays = line.except_register.text if line.except_register else ""
            if line.except_register and holidays not in world.registers:
                world.error(
                    "T101",
                    f"no register `{holidays}`",
                    line.except_register.span,
                    did_you_mean(holidays, world.registers),
                )
        if isinstance(line, syntax.CalendarMonths) and end_month != 12 and not line.named_by:
            _must_be_named(world, line)
    return Calendar(node.name.text, pattern, end_month, end_day, weekday, joins, named_by, zone, working, holidays)


def _joined(world: World, line: syntax.CalendarWeeks) -> int:
    """The period that takes week 53, 0 for the last; with twelve times four weeks only a thirteenth can."""
    if line.joins_period is None:
        return 0
    number, count = int(line.joins_period.value), len(PATTERNS[line.pattern])
    if not 1 <= number <= count:
        world.error(
            "T001", f"{line.pattern} has no period {number}", line.joins_period.span, f"name a period from 1 to {count}"
        )
        return 0
    if line.pattern == "4-4-4" and number != count:
        world.error(
            "T001",
            f"in 4-4-4 period {count} takes all weeks that remain",
            line.joins_period.span,
            "write `week 53 joins the last period`, or a year of 13x4",
        )
    return number


def _must_be_named(world: World, line: syntax.CalendarLine) -> None:
    world.error(
        "T019",
        "a year that does not end with December must say which day names it",
        line.span,
        "add `, named by its first day` or `, named by its last day`",
    )


def _month(world: World, name: syntax.Name) -> int:
    return _position(world, name, MONTHS, "month")


def _weekday(world: World, name: syntax.Name | syntax.Ref) -> int:
    return _position(world, name, WEEKDAYS, "weekday") - 1


def _position(world: World, name: syntax.Name | syntax.Ref, known: tuple[str, ...], word: str) -> int:
    if name.text.lower() not in known:
        world.error(
            "T001", f"no {word} `{name.text}`", name.span, did_you_mean(name.text.lower(), known) or f"write {known[0]}"
        )
        return 1
    return known.index(name.text.lower()) + 1
