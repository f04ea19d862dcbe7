"""Makers of the header and of items that say who, where, what exists, what happens and what must agree."""

from __future__ import annotations

from functools import partial
from typing import Any

from dsl import syntax
from dsl.makers.lines import Line, Mark, clauses, every, first, line, mark, meta, said
from dsl.makers.values import Maker, inner, several
from dsl.span import Span

# ---- the header ----------------------------------------------------------------------------------------------------


def _ruleset(span: Span, name: syntax.Name, version: syntax.Number, *lines: Line) -> syntax.Head:
    values = said(lines)
    extends, extends_version = values.get("extends", (None, None))
    effective = values.get("effective from")
    return syntax.Head(
        span,
        name,
        version.value,
        extends,
        extends_version.value if extends_version else None,
        values.get("owner"),
        values.get("reporting currency"),
        effective.value if effective else None,
        values.get("rounding"),
        values.get("overlays may change", ()),
        values.get("changes need approval by", ()),
        "nobody approves their own change" in values,
        values.get("overrides lapse after"),
        values.get("lines convert"),
    )


def _rates(
    direction: str, span: Span, name: syntax.Name, feed: syntax.Name, quoted: syntax.Name, stale_after: syntax.Measure,
    crossed_through: syntax.Name | None,
) -> syntax.Rates:  # fmt: skip
    return syntax.Rates(span, name, feed, quoted, stale_after, crossed_through, direction == "from")


def _head_conversion(span: Span, rates: syntax.Name, layer_date: syntax.Name | None, difference: syntax.Name) -> Line:
    return Line(span, "lines convert", syntax.HeadConversion(span, rates, layer_date, difference))


_HEAD: dict[str, Maker] = {
    "ruleset": _ruleset,
    "head_extends": line("extends"),
    "head_owner": line("owner"),
    "head_currency": line("reporting currency"),
    "head_effective": line("effective from"),
    "head_rounding": line("rounding"),
    "head_overlays": line("overlays may change"),
    "head_approval": line("changes need approval by"),
    "head_no_self_approval": line("nobody approves their own change"),
    "head_lapse": line("overrides lapse after"),
    "head_conversion": _head_conversion,
}


# ---- who, why, when, where -----------------------------------------------------------------------------------------


def _role(span: Span, name: syntax.Name, permission: tuple[Any, ...] | None) -> syntax.Role:
    overrides, limit, *needs = permission or (None, None)
    return syntax.Role(span, name, overrides, limit, tuple(needs))


def _citation(
    span: Span, name: syntax.Name, texts: tuple[syntax.Quoted, ...], replaces: tuple[syntax.Quoted, ...] | None
) -> syntax.Citation:
    return syntax.Citation(span, name, texts, replaces or ())


def _calendar(span: Span, name: syntax.Name, *lines: syntax.CalendarLine) -> syntax.Calendar:
    return syntax.Calendar(span, name, lines)


def _calendar_weeks(
    span: Span, pattern: str, end: tuple[Any, ...], extra: syntax.Number, joins: syntax.Number | None, named: str | None
) -> syntax.CalendarWeeks:
    nearest, last = (end, None) if len(end) == 3 else (None, end)
    return syntax.CalendarWeeks(span, pattern, nearest, last, extra, joins, named or "")


_PLACES: dict[str, Maker] = {
    "role": _role,
    "citation": _citation,
    "calendar": _calendar,
    "calendar_weeks": _calendar_weeks,
    "calendar_months": lambda span, day, month, named: syntax.CalendarMonths(span, day, month, named or ""),
    "calendar_zone": syntax.CalendarZone,
    "calendar_working_days": syntax.CalendarWorkingDays,
    "joins_last": lambda span: None,
    "rates_quoted_to": partial(_rates, "to"),
    "rates_quoted_from": partial(_rates, "from"),
    "unit": syntax.Unit,
    "book_posts": lambda span, name, base: syntax.Book(span, name, base, True),
    "book_never_posts": lambda span, name, base: syntax.Book(span, name, base, False),
}


# ---- what exists, what happens, what is held -----------------------------------------------------------------------


def _type_name(span: Span, name: syntax.Name) -> syntax.TypeWords:
    return syntax.TypeWords(span, "name", (syntax.Ref(name.span, (name,)),))


def _register(
    span: Span, name: syntax.Name, identity: tuple[syntax.Ref, ...], keeping: Mark | None, *fields: syntax.FieldLine
) -> syntax.Register:
    history = keeping is not None and keeping.word == "history"
    return syntax.Register(span, name, identity, history, keeping.name if keeping else None, fields)


def _kind(
    span: Span,
    name: syntax.Name,
    movement: syntax.Movement,
    on: syntax.Name,
    identity: tuple[syntax.Ref, ...],
    *fields: syntax.FieldLine,
) -> syntax.Kind:
    return syntax.Kind(span, name, movement, on, identity, fields)


def _layers(
    span: Span, name: syntax.Name, over: tuple[syntax.Ref, ...], scope: syntax.Scope, *rest: Any
) -> syntax.Layers:
    return syntax.Layers(span, name, over, scope, clauses(rest), meta(span, rest))


_HOLDINGS: dict[str, Maker] = {
    "terms": lambda span, *lines: syntax.Terms(span, lines),
    "term_line": syntax.TermLine,
    "type_one_of": lambda span, names: syntax.TypeWords(span, "one-of", names),
    "type_name": _type_name,
    "type_yes_no": lambda span: syntax.TypeWords(span, "yes-no", ()),
    "register": _register,
    "keeping_history": mark("history"),
    "keeping_bands": mark("bands"),
    "kind": _kind,
    "moves": lambda span, source, target, of: syntax.Movement(span, "moves", source, target, of),
    "moves_nothing": lambda span: syntax.Movement(span, "nothing", None, None, None),
    "states": lambda span, bucket: syntax.Movement(span, "states", None, bucket, None),
    "tells_of": lambda span, told: syntax.Movement(span, "tells", None, None, None, told),
    "field_line": lambda span, required, perhaps: syntax.FieldLine(span, required, perhaps or ()),
    "field_line_perhaps": lambda span, perhaps: syntax.FieldLine(span, (), perhaps),
    "stock": syntax.Stock,
    "layers": _layers,
    "carry": syntax.Carry,
    "leave_order": lambda span, which, *by: syntax.LeaveOrder(span, which, by),
    "leave_at": syntax.LeaveAt,
    "leave_by": syntax.LeaveBy,
    "bring_back_old": lambda span, kind: syntax.BringBack(span, kind, "old"),
    "bring_back_last": lambda span, kind: syntax.BringBack(span, kind, "back"),
    "take_layer": syntax.TakeLayer,
    "change_carried": syntax.ChangeCarried,
    "oversell_stop": lambda span: syntax.Oversell(span, "stop", None),
    "oversell_wait": lambda span: syntax.Oversell(span, "wait", None),
    "oversell_last_price": lambda span, role: syntax.Oversell(span, "last-price", role),
    "overreturn_stop": lambda span: syntax.Overreturn(span, "stop"),
    "overreturn_open": lambda span: syntax.Overreturn(span, "open-layer"),
    "late_recompute": lambda span: syntax.LateFacts(span, "recompute"),
    "late_catch_up": lambda span: syntax.LateFacts(span, "catch-up"),
    "leftover_running": lambda span: syntax.Leftover(span, "running", None),
    "leftover_apart": lambda span, role: syntax.Leftover(span, "apart", role),
    "ignore_marked": syntax.IgnoreMarked,
    "accounts": syntax.Accounts,
}


# ---- what must agree -----------------------------------------------------------------------------------------------


def _reconciliation(
    span: Span, name: syntax.Name, scope: syntax.Scope, calendar: syntax.Name, *rest: Any
) -> syntax.Reconciliation:
    return syntax.Reconciliation(span, name, scope, calendar, clauses(rest), meta(span, rest))


def _compares(
    span: Span, expected: syntax.Expression, reported: syntax.Ref, latest: tuple[Any, ...] | None
) -> syntax.Compares:
    within, of = latest or (None, None)
    return syntax.Compares(span, expected, reported, within, of)


def _adjustment(
    span: Span,
    name: syntax.Name,
    reconciliation: syntax.Name,
    stage: syntax.Name,
    scope: syntax.Scope,
    when: syntax.Tests | syntax.Twins,
    action: syntax.Action,
    marked: syntax.Name | None,
    *rest: Any,
) -> syntax.Adjustment:
    reversal, caps = first(rest, syntax.Reversal), every(rest, syntax.Cap)
    return syntax.Adjustment(
        span, name, reconciliation, stage, scope, when, action, marked, reversal, caps, meta(span, rest)
    )


def _action(form: str, *fields: str) -> Maker:
    def make(span: Span, *children: Any) -> syntax.Action:
        given: dict[str, Any] = dict(zip(fields, children, strict=True))
        return syntax.Action(span, form, given.get("name"), given.get("by"), given.get("value"), given.get("dated"))

    return make


def _control(span: Span, name: syntax.Name, scope: syntax.Scope, *rest: Any) -> syntax.Control:
    tests = every(rest, syntax.Tests)
    code, severity, role = every(rest, syntax.Name)
    when = tests[0] if len(tests) == 2 else None
    return syntax.Control(span, name, scope, when, tests[-1], code, severity, role, meta(span, rest))


_AGREEMENTS: dict[str, Maker] = {
    "reconciliation": _reconciliation,
    "compares": _compares,
    "opens_from": syntax.OpensFrom,
    "reported_includes": syntax.ReportedIncludes,
    "stages": syntax.Stages,
    "adjustment": _adjustment,
    "twins": syntax.Twins,
    "exclude": _action("exclude"),
    "exclude_twin": _action("exclude-twin", "name", "by"),
    "date_it": _action("date", "value"),
    "count_it": _action("count", "value"),
    "record": _action("record", "name", "value", "dated"),
    "split": _action("split", "name"),
    "replace_it": _action("replace", "name", "value"),
    "control": _control,
}

_SEVERAL = ("permission", "year_end_nearest", "year_end_last", "latest_within")
_INNER = (
    "layer_lines",
    "limit",
    "replaces",
    "named",
    "except_register",
    "crossed",
    "on_top",
    "receiver",
    "and_perhaps",
    "dated",
    "marked",
    "needs",
    "joins_period",
)

FACTS: dict[str, Maker] = (
    dict.fromkeys(_INNER, inner) | dict.fromkeys(_SEVERAL, several) | _HEAD | _PLACES | _HOLDINGS | _AGREEMENTS
)
"""What makes the node of each of these rules."""
