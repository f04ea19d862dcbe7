"""Dates of effect: on which days a rule answers, and the guard that stops a run on a day when none of a name does."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.model.expression import Expression, Grain
from engine.model.ruleset import Amount, Decision, Meta, Parameter, Table
from engine.plan.values.frame import Frame
from engine.plan.world import date_literal


def in_effect(meta: Meta, day: exp.Expr) -> list[exp.Expr]:
    """The conditions that a day lies within a rule's dates of effect, both inclusive."""
    tests: list[exp.Expr] = []
    if meta.effective_from is not None:
        tests.append(exp.GTE(this=day.copy(), expression=date_literal(meta.effective_from)))
    if meta.effective_through is not None:
        tests.append(exp.LTE(this=day.copy(), expression=date_literal(meta.effective_through)))
    return tests


def guard_governed(
    frame: Frame, item: Amount | Decision | Parameter | Table, grain: Grain, as_of: Expression | None
) -> None:
    """Stop the run at a row on whose governing day no version of an item is in force (T501)."""
    versions = _versions(item)
    if not any(meta.dated for meta in versions):
        return
    frame.prepare((as_of,), grain)
    day = governing_day(frame, as_of)
    held = [exp.and_(*in_effect(meta, day), copy=False) for meta in versions if in_effect(meta, day)]
    if len(held) < len(versions):
        return
    none = exp.Not(this=exp.Paren(this=exp.or_(*(exp.Paren(this=one) for one in held), copy=False)))
    stated = " and ".join(_said(meta) for meta in versions)
    which = "it is" if len(versions) == 1 else f"its {len(versions)} versions are"
    family = type(item).__name__.lower()
    frame.guard(
        "T501",
        f"no version of {family} `{item.name}` governs that day: {which} effective {stated}",
        (f"{family} {item.name}",),
        none,
    )


def governing_day(frame: Frame, as_of: Expression | None) -> exp.Expr:
    """The day that governs an answer: the one it is asked as of (prepared), else that of the row."""
    return frame.date.copy() if as_of is None else frame.value(as_of).sql


def _versions(item: Amount | Decision | Parameter | Table) -> Sequence[Meta]:
    if isinstance(item, Table):
        return list(dict.fromkeys(row.meta or item.meta for row in item.rows))
    return [item.meta, *(rule.meta for rule in item.exceptions if rule.is_version)]


def _said(meta: Meta) -> str:
    words = [f"from {meta.effective_from}"] if meta.effective_from is not None else []
    return " ".join([*words, *([f"through {meta.effective_through}"] if meta.effective_through is not None else [])])
