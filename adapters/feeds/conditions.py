"""Which rows a feed takes and which records each fills: yes, no, or not to be said."""

from __future__ import annotations

from sqlglot import exp

from adapters.client.config import Condition, Delimited
from adapters.feeds.expressions import both, number, text
from adapters.feeds.staging import cell
from adapters.feeds.values import total_of
from engine.plan.relation import column


def holds(conditions: tuple[Condition, ...], feed: Delimited) -> exp.Expression:
    """Whether all conditions hold of a row of `cut`; NULL where a code is missing or a number cannot be read."""
    return both(*(_test(condition, feed) for condition in conditions))


def _test(condition: Condition, feed: Delimited) -> exp.Expression:
    raw: exp.Expression = column(cell(condition.column))
    if condition.sign is not None:
        return _has_sign(total_of(raw, feed), condition.sign)
    codes = condition.is_ if condition.is_ is not None else condition.is_not or ()
    listed = [text(code) for code in codes]
    if condition.is_ is None or "" in codes:
        raw = exp.Coalesce(this=raw, expressions=[text("")])
    found = exp.In(this=raw, expressions=listed)
    return found if condition.is_ is not None else exp.Not(this=found)


def _has_sign(value: exp.Expression, sign: str) -> exp.Expression:
    tests: dict[str, exp.Expression] = {
        "positive": exp.GT(this=value, expression=number(0)),
        "negative": exp.LT(this=value, expression=number(0)),
        "zero": exp.EQ(this=value, expression=number(0)),
        "not zero": exp.NEQ(this=value, expression=number(0)),
    }
    return tests[sign]


def named_columns(conditions: tuple[Condition, ...]) -> str:
    """The columns that conditions look at, for a message."""
    return ", ".join(dict.fromkeys(condition.column for condition in conditions))
