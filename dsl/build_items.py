"""From parse tree to syntax tree, the large half: the header, every item and every clause inside one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from lark import Token

from dsl import syntax
from dsl.build_values import VALUES, WORDS, BuildFault, Maker
from dsl.diagnostics import Diagnostic, Label
from dsl.span import Span

Kind_ = TypeVar("Kind_")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that may be said once in its item, under the words that name it; never part of the syntax tree."""

    span: Span
    words: str
    value: Any


@dataclass(frozen=True, slots=True)
class _Mark:
    """A clause without content, or with one name that its item keeps: never part of the syntax tree."""

    span: Span
    word: str
    name: syntax.Name | None = None


def _line(words: str) -> Maker:
    return lambda span, *values: _Line(span, words, values[0] if len(values) == 1 else values)


def _mark(word: str) -> Maker:
    return lambda span, name=None: _Mark(span, word, name)


def _all(children: tuple[Any, ...], kind: type[Kind_] | tuple[type[Kind_], ...]) -> tuple[Kind_, ...]:
    return tuple(child for child in children if isinstance(child, kind))


def _first(children: tuple[Any, ...], kind: type[Kind_]) -> Kind_ | None:
    return next((child for child in children if isinstance(child, kind)), None)


def _others(children: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(child for child in children if not isinstance(child, (_Line, _Mark)))


def _said(lines: tuple[_Line, ...]) -> dict[str, Any]:
    """What each line says, by its words; raises BuildFault (T018) for one said twice."""
    said: dict[str, _Line] = {}
    for line in lines:
        if line.words in said:
            first = said[line.words]
            advice = "write both names in one line, with a comma" if line.words == "cites" else "keep one of them"
            label = Label(first.span, "said here first")
            raise BuildFault(Diagnostic("T018", f"`{line.words}` is said twice in one item", line.span, advice, labels=(label,)))
        said[line.words] = line
    return {words: line.value for words, line in said.items()}


def _meta(item: Span, children: tuple[Any, ...]) -> syntax.Meta:
    """The version, dates, reason and authority of an item; without width at the item's end where it says none."""
    lines = _all(children, _Line)
    said = _said(lines)
    span = lines[0].span.to(lines[-1].span) if lines else Span(item.source, item.end, item.end)
    version = said.get("version")
    start, through = said.get("effective from", (None, None))
    return syntax.Meta(
        span,
        version.value if version else None,
        start.value if start else None,
        through.value if through else None,
        said.get("why"),
        said.get("cites", ()),
    )


# ---- the header ----------------------------------------------------------------------------------------------------


def _ruleset(span: Span, name: syntax.Name, version: syntax.Number, *lines: _Line) -> syntax.Head:
    said = _said(lines)
    extends, extends_version = said.get("extends", (None, None))
    effective = said.get("effective from")
    return syntax.Head(
        span,
        name,
        version.value,
        extends,
        extends_version.value if extends_version else None,
        said.get("owner"),
        said.get("reporting currency"),
        effective.value if effective else None,
        said.get("rounding"),
        said.get("overlays may change", ()),
        said.get("changes need approval by", ()),
        "nobody approves their own change" in said,
        said.get("overrides lapse after"),
        said.get("lines convert"),
    )


def _head_conversion(span: Span, *names: syntax.Name) -> _Line:
    return _Line(span, "lines convert", syntax.HeadConversion(span, *names))


_HEAD: dict[str, Maker] = {
    "ruleset": _ruleset,
    "head_extends": _line("extends"),
    "head_owner": _line("owner"),
    "head_currency": _line("reporting currency"),
    "head_effective": _line("effective from"),
    "head_rounding": _line("rounding"),
    "head_overlays": _line("overlays may change"),
    "head_approval": _line("changes need approval by"),
    "head_no_self_approval": _line("nobody approves their own change"),
    "head_lapse": _line("overrides lapse after"),
    "head_conversion": _head_conversion,
}


# ---- who, why, when, where -----------------------------------------------------------------------------------------


def _role(
    span: Span, name: syntax.Name, overrides: syntax.Name | None, limit: syntax.Measure | None, *needs: syntax.Name | None
) -> syntax.Role:
    return syntax.Role(span, name, overrides, limit, tuple(need for need in needs if need))


def _citation(
    span: Span, name: syntax.Name, texts: tuple[syntax.Quoted, ...], replaces: tuple[syntax.Quoted, ...] | None
) -> syntax.Citation:
    return syntax.Citation(span, name, texts, replaces or ())


def _calendar(span: Span, name: syntax.Name, *lines: syntax.CalendarLine) -> syntax.Calendar:
    return syntax.Calendar(span, name, lines)


def _calendar_weeks(
    span: Span, pattern: Token, end: tuple[Any, ...], extra: syntax.Number, joins: syntax.Number | None, named: str | None
) -> syntax.CalendarWeeks:
    nearest, last = (end, None) if len(end) == 3 else (None, end)
    return syntax.CalendarWeeks(span, str(pattern), nearest, last, extra, joins, named or "")


def _named(span: Span, *words: Token) -> str:
    return str(words[4])


_PLACES: dict[str, Maker] = {
    "role": _role,
    "citation": _citation,
    "calendar": _calendar,
    "calendar_weeks": _calendar_weeks,
    "calendar_months": lambda span, day, month, named: syntax.CalendarMonths(span, day, month, named or ""),
    "calendar_zone": lambda span, zone: syntax.CalendarZone(span, str(zone)),
    "calendar_working_days": syntax.CalendarWorkingDays,
    "year_end_nearest": lambda span, *words: words,
    "year_end_last": lambda span, *words: words,
    "joins_last": lambda span: None,
    "joins_period": lambda span, number: number,
    "named": _named,
    "rates": syntax.Rates,
    "unit": syntax.Unit,
    "book_posts": lambda span, name, base: syntax.Book(span, name, base, True),
    "book_never_posts": lambda span, name, base: syntax.Book(span, name, base, False),
}


# ---- what exists, what happens, what is held -----------------------------------------------------------------------


def _type_name(span: Span, name: syntax.Name) -> syntax.TypeWords:
    return syntax.TypeWords(span, "name", (syntax.Ref(name.span, (name,)),))


def _register(
    span: Span, name: syntax.Name, identity: tuple[syntax.Ref, ...], keeping: _Mark | None, *fields: syntax.FieldLine
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
    return syntax.Layers(span, name, over, scope, _others(rest), _meta(span, rest))


_HOLDINGS: dict[str, Maker] = {
    "terms": lambda span, *lines: syntax.Terms(span, lines),
    "term_line": syntax.TermLine,
    "type_one_of": lambda span, names: syntax.TypeWords(span, "one-of", names),
    "type_name": _type_name,
    "type_yes_no": lambda span: syntax.TypeWords(span, "yes-no", ()),
    "register": _register,
    "keeping_history": _mark("history"),
    "keeping_bands": _mark("bands"),
    "kind": _kind,
    "moves": lambda span, source, target, of: syntax.Movement(span, "moves", source, target, of),
    "moves_nothing": lambda span: syntax.Movement(span, "nothing", None, None, None),
    "states": lambda span, bucket: syntax.Movement(span, "states", None, bucket, None),
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
    return syntax.Reconciliation(span, name, scope, calendar, _others(rest), _meta(span, rest))


def _adjustment(
    span: Span,
    name: syntax.Name,
    reconciliation: syntax.Name,
    stage: syntax.Name,
    scope: syntax.Scope,
    when: syntax.Tests | syntax.Twins,
    action: syntax.Action,
    marked: _Mark | None,
    *rest: Any,
) -> syntax.Adjustment:
    mark = marked.name if marked else None
    reversal, caps = _first(rest, syntax.Reversal), _all(rest, syntax.Cap)
    return syntax.Adjustment(
        span, name, reconciliation, stage, scope, when, action, mark, reversal, caps, _meta(span, rest)
    )


def _action(form: str, *fields: str) -> Maker:
    def make(span: Span, *children: Any) -> syntax.Action:
        given: dict[str, Any] = dict(zip(fields, children, strict=True))
        return syntax.Action(span, form, given.get("name"), given.get("by"), given.get("value"), given.get("dated"))

    return make


def _control(span: Span, name: syntax.Name, scope: syntax.Scope, *rest: Any) -> syntax.Control:
    tests = _all(rest, syntax.Tests)
    code, severity, role = _all(rest, syntax.Name)
    when = tests[0] if len(tests) == 2 else None
    return syntax.Control(span, name, scope, when, tests[-1], code, severity, role, _meta(span, rest))


_AGREEMENTS: dict[str, Maker] = {
    "reconciliation": _reconciliation,
    "compares": syntax.Compares,
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
    "marked": _mark("marked"),
    "control": _control,
}


# ---- what is decided, what it is worth -----------------------------------------------------------------------------


def _table(
    span: Span, name: syntax.Name, decides: tuple[syntax.Ref, ...], scope: syntax.Scope, grid: syntax.Grid, *meta: _Line
) -> syntax.Table:
    return syntax.Table(span, name, decides, scope, grid, _meta(span, meta))


def _decision(
    span: Span,
    name: syntax.Name,
    scope: syntax.Scope,
    outcomes: tuple[syntax.Ref, ...],
    as_of: syntax.Expression,
    *rest: Any,
) -> syntax.Decision:
    (usual,) = _all(rest, syntax.Ref)
    return syntax.Decision(span, name, scope, outcomes, as_of, usual, _meta(span, rest))


def _body(span: Span, *rest: Any) -> syntax.Body:
    return syntax.Body(
        span,
        _first(rest, syntax.Tests),
        _first(rest, syntax.Answer),
        _all(rest, syntax.Cap),
        _all(rest, syntax.Gift),
        _first(rest, syntax.Spread),
        _meta(span, rest),
    )


def _parameter(
    span: Span,
    name: syntax.Name,
    type_: syntax.Name,
    by: syntax.Scope | _Mark | None,
    grid: syntax.Grid,
    review: syntax.DateLiteral,
    *meta: _Line,
) -> syntax.Parameter:
    scope = by if isinstance(by, syntax.Scope) else None
    band_of = by.name if isinstance(by, _Mark) else None
    return syntax.Parameter(span, name, type_, scope, band_of, grid, review.value, _meta(span, meta))


def _amount(
    span: Span,
    name: syntax.Name,
    scope: syntax.Scope,
    calendar: syntax.Name | None,
    inside: syntax.Answer | syntax.Body,
) -> syntax.Amount:
    body = _body(inside.span, inside) if isinstance(inside, syntax.Answer) else inside
    return syntax.Amount(span, name, scope, calendar, body)


def _spread(
    span: Span,
    value: syntax.Expression | _Mark,
    over: syntax.Name,
    weight: syntax.Expression,
    when: syntax.Tests | None,
    leftover: str,
    ties: syntax.Name,
) -> syntax.Spread:
    whole = None if isinstance(value, _Mark) else value
    return syntax.Spread(span, whole, over, weight, when, leftover, ties)


_ANSWERS: dict[str, Maker] = {
    "table": _table,
    "decision": _decision,
    "exception": syntax.Exception_,
    "parameter": _parameter,
    "band_of": _mark("band"),
    "amount": _amount,
    "allocation": syntax.Allocation,
    "body": _body,
    "answer": syntax.Answer,
    "local_amount": syntax.LocalAmount,
    "or_else": syntax.OrElse,
    "capped": lambda span, limit: syntax.Cap(span, "capped", limit, None),
    "floored": lambda span, limit: syntax.Cap(span, "floored", limit, None),
    "running_limit": lambda span, limit, scope: syntax.Cap(span, "running", limit, scope),
    "gift": syntax.Gift,
    "spread": _spread,
    "the_rest": _mark("the rest"),
}


# ---- what is posted, what is shown, when it is final ---------------------------------------------------------------


def _journal(
    span: Span, name: syntax.Name, scope: syntax.Scope, posts_on: syntax.Expression, calendar: syntax.Name, *rest: Any
) -> syntax.Journal:
    return syntax.Journal(
        span,
        name,
        scope,
        posts_on,
        calendar,
        _first(rest, syntax.Tests),
        _first(rest, syntax.Converts),
        _all(rest, syntax.LocalAmount),
        tuple(child for child in rest if isinstance(child, syntax.PostingLine | syntax.TrueUpLine)),
        _first(rest, _Mark) is not None,
        _first(rest, syntax.Reversal),
        _meta(span, rest),
    )


def _posting_line(span: Span, side: Token, role: syntax.Ref, value: syntax.Expression) -> syntax.PostingLine:
    return syntax.PostingLine(span, str(side), role, value)


def _report(
    span: Span, name: syntax.Name, scope: syntax.Scope, calendar: syntax.Name | None, *rest: Any
) -> syntax.Report:
    return syntax.Report(span, name, scope, calendar, _others(rest), _meta(span, rest))


def _step(
    span: Span,
    name: syntax.Name,
    by: tuple[syntax.Ref, ...],
    needs: tuple[syntax.Ref, ...] | None,
    after: tuple[syntax.Ref, ...] | None,
) -> syntax.Step:
    return syntax.Step(span, name, by, needs or (), after or ())


def _no_open(span: Span, treatment: syntax.Name) -> syntax.HardNeeds:
    return syntax.HardNeeds(span, "no-open", (syntax.Ref(treatment.span, (treatment,)),))


_POSTINGS: dict[str, Maker] = {
    "journal": _journal,
    "converts_at": syntax.Converts,
    "books_company_currency": lambda span: syntax.Converts(span, None),
    "posting_line": _posting_line,
    "true_up_line": syntax.TrueUpLine,
    "negative_swaps": _mark("negative amounts swap sides"),
    "reverses": syntax.Reversal,
    "report": _report,
    "shows": syntax.Shows,
    "rolls": syntax.Rolls,
    "close": lambda span, name, *lines: syntax.Close(span, name, lines),
    "step": _step,
    "trial_allows": syntax.TrialAllows,
    "hard_needs_no_open": _no_open,
    "hard_needs_every_step": lambda span: syntax.HardNeeds(span, "every-step", ()),
    "hard_needs_approval": lambda span, roles: syntax.HardNeeds(span, "approval", roles),
    "reopening_needs": syntax.ReopeningNeeds,
    "corrections_post_next": syntax.CorrectionsPostNext,
}


# ---- what if, for example, and on top ------------------------------------------------------------------------------


def _example(span: Span, title: syntax.Quoted, case: syntax.Quoted | None, *rest: Any) -> syntax.Example:
    run = next(child for child in rest if isinstance(child, syntax.PeriodLiteral))
    expects = tuple(child for child in rest if isinstance(child, syntax.ExpectRows | syntax.ExpectNoOther))
    return syntax.Example(span, title, case, _all(rest, syntax.Given), run, _first(rest, syntax.Name), expects)


def _expect_rows(
    span: Span, first: syntax.Name, second: syntax.Name | None, grid: syntax.Grid
) -> syntax.ExpectRows:
    return syntax.ExpectRows(span, first if second else None, second or first, grid)


def _amend(
    span: Span, family: syntax.Name, name: syntax.Name, because: syntax.Quoted, *rest: Any
) -> syntax.Amend:
    return syntax.Amend(span, name, family, because, _others(rest), _meta(span, rest))


_WHAT_IFS: dict[str, Maker] = {
    "scenario": lambda span, name, on, *lines: syntax.Scenario(span, name, on, lines),
    "set_parameter": lambda span, name, value, start: syntax.SetParameter(span, name, value, start.value),
    "replace_item": syntax.ReplaceItem,
    "project": syntax.Project,
    "in_layers": syntax.InLayers,
    "shows_by": syntax.ShowsBy,
    "example": _example,
    "given": syntax.Given,
    "expect_rows": _expect_rows,
    "expect_no_other": lambda span, name: syntax.ExpectNoOther(span, name, True),
    "expect_no": lambda span, name: syntax.ExpectNoOther(span, name, False),
    "amend": _amend,
    "withdraw": syntax.Withdraw,
    "withdraw_row": syntax.WithdrawRow,
    "add_row": syntax.AddRow,
    "add_column": syntax.AddColumn,
    "add_input": syntax.AddInput,
    "meta_version": _line("version"),
    "meta_effective": _line("effective from"),
    "meta_why": _line("why"),
    "meta_cites": _line("cites"),
}

RULES: dict[str, Maker] = (
    VALUES | WORDS | _HEAD | _PLACES | _HOLDINGS | _AGREEMENTS | _ANSWERS | _POSTINGS | _WHAT_IFS
)
"""What makes the node of each rule of the grammar."""
