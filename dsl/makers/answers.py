"""Makers of items that decide, value, post, show, ask what if, give examples and change a base."""

from __future__ import annotations

from typing import Any

from dsl import syntax
from dsl.makers.lines import Line, Mark, clauses, every, first, line, mark, meta
from dsl.makers.values import Maker, inner
from dsl.span import Span

# ---- what is decided, what it is worth -----------------------------------------------------------------------------


def _table(
    span: Span, name: syntax.Name, decides: tuple[syntax.Ref, ...], scope: syntax.Scope, grid: syntax.Grid, *lines: Line
) -> syntax.Table:
    return syntax.Table(span, name, decides, scope, grid, meta(span, lines))


def _decision(
    span: Span,
    name: syntax.Name,
    scope: syntax.Scope,
    outcomes: tuple[syntax.Ref, ...],
    as_of: syntax.Expression,
    *rest: Any,
) -> syntax.Decision:
    (usual,) = every(rest, syntax.Ref)
    return syntax.Decision(span, name, scope, outcomes, as_of, usual, meta(span, rest))


def _body(span: Span, *rest: Any) -> syntax.Body:
    return syntax.Body(
        span,
        first(rest, syntax.Tests),
        first(rest, syntax.Answer),
        every(rest, syntax.Cap),
        every(rest, syntax.Gift),
        first(rest, syntax.Spread),
        meta(span, rest),
    )


def _parameter(
    span: Span,
    name: syntax.Name,
    type_: syntax.Name,
    by: syntax.Scope | Mark | None,
    grid: syntax.Grid,
    review: syntax.DateLiteral,
    *lines: Line,
) -> syntax.Parameter:
    scope = by if isinstance(by, syntax.Scope) else None
    band_of = by.name if isinstance(by, Mark) else None
    return syntax.Parameter(span, name, type_, scope, band_of, grid, review.value, meta(span, lines))


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
    value: syntax.Expression | Mark,
    over: syntax.Name,
    weight: syntax.Expression,
    when: syntax.Tests | None,
    leftover: str,
    ties: syntax.Name,
) -> syntax.Spread:
    whole = None if isinstance(value, Mark) else value
    return syntax.Spread(span, whole, over, weight, when, leftover, ties)


_VALUED: dict[str, Maker] = {
    "table": _table,
    "decision": _decision,
    "exception": syntax.Exception_,
    "parameter": _parameter,
    "band_of": mark("band"),
    "amount": _amount,
    "allocation": syntax.Allocation,
    "body": _body,
    "exception_body": _body,
    "value": syntax.Answer,
    "becomes": syntax.Answer,
    "local_amount": syntax.LocalAmount,
    "or_else": syntax.OrElse,
    "capped": lambda span, limit: syntax.Cap(span, "capped", limit, None),
    "floored": lambda span, limit: syntax.Cap(span, "floored", limit, None),
    "running_limit": lambda span, limit, scope: syntax.Cap(span, "running", limit, scope),
    "gift": syntax.Gift,
    "spread": _spread,
    "the_rest": mark("the rest"),
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
        first(rest, syntax.Tests),
        first(rest, syntax.Converts),
        every(rest, syntax.LocalAmount),
        tuple(child for child in rest if isinstance(child, syntax.PostingLine | syntax.TrueUpLine)),
        first(rest, Mark) is not None,
        first(rest, syntax.Reversal),
        meta(span, rest),
    )


def _report(
    span: Span, name: syntax.Name, scope: syntax.Scope, calendar: syntax.Name | None, *rest: Any
) -> syntax.Report:
    return syntax.Report(span, name, scope, calendar, clauses(rest), meta(span, rest))


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
    "posting_line": syntax.PostingLine,
    "true_up_line": syntax.TrueUpLine,
    "negative_swaps": mark("negative amounts swap sides"),
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
    return syntax.Example(span, title, case, every(rest, syntax.Given), run, first(rest, syntax.Name), expects)


def _expect_rows(span: Span, first: syntax.Name, second: syntax.Name | None, grid: syntax.Grid) -> syntax.ExpectRows:
    return syntax.ExpectRows(span, first if second else None, second or first, grid)


def _amend(span: Span, family: syntax.Name, name: syntax.Name, because: syntax.Quoted, *rest: Any) -> syntax.Amend:
    return syntax.Amend(span, name, family, because, clauses(rest), meta(span, rest))


_WHAT_IFS: dict[str, Maker] = {
    "scenario": lambda span, name, on, *lines: syntax.Scenario(span, name, on, lines),
    "set_parameter": lambda span, name, value, start: syntax.SetParameter(span, name, value, start.value),
    "replace_item": syntax.ReplaceItem,
    "project": syntax.Project,
    "project_trend": syntax.ProjectTrend,
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
    "meta_version": line("version"),
    "meta_effective": line("effective from"),
    "meta_why": line("why"),
    "meta_cites": line("cites"),
}

_INNER = ("in_calendar", "by_name", "step_needs", "step_after", "case", "under", "through", "and_names")

ANSWERS: dict[str, Maker] = dict.fromkeys(_INNER, inner) | _VALUED | _POSTINGS | _WHAT_IFS
"""What makes the node of each of these rules."""
