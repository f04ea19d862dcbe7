"""Which rows a feed takes and which records each fills: yes, no, or not to be said."""

from __future__ import annotations

from sqlglot import exp

from adapters.client.config import Condition, Delimited, Feed, Fill
from adapters.feeds.expressions import both, number, text
from adapters.feeds.staging import cell
from adapters.feeds.values import total_of
from engine.plan.relation import column


def is_business(feed: Feed) -> exp.Expression:
    """Whether a row of `cut` is the feed's business; NULL where a code is missing or a number cannot be read.

    A row that lost its code must not be set aside, so a missing code answers only where the feed lists the empty one.
    """
    return both(*(_test(condition, feed.delimited, "" in (condition.is_ or ("",))) for condition in feed.only))


def fills(fill: Fill, feed: Feed) -> exp.Expression:
    """Whether a row of `cut` fills a record; NULL where a number cannot be read. A missing code is the empty code."""
    return both(*(_test(condition, feed.delimited, True) for condition in fill.when))


def _test(condition: Condition, feed: Delimited, missing_is_empty: bool) -> exp.Expression:
    raw: exp.Expression = column(cell(condition.column))
    if condition.sign is not None:
        return _has_sign(total_of(raw, feed), condition.sign)
    codes = condition.is_ if condition.is_ is not None else condition.is_not or ()
    if missing_is_empty:
        raw = exp.Coalesce(this=raw, expressions=[text("")])
    found = exp.In(this=raw, expressions=[text(code) for code in codes])
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
