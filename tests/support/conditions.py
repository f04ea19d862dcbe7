"""Exceptions and closes made by hand, for tests of what a period waits for."""

from __future__ import annotations

from decimal import Decimal

from dsl import syntax
from dsl.parse import parse_items
from dsl.span import Source
from engine.run.conditions import Acceptance, Raised, Row, digest_of

CLOSE = """close fiscal
    step facts-in    by channel-analyst needs every-report-in
    step stock-tied  by channel-analyst needs no-negative-stock, siso after facts-in
    step ledger-tied by channel-controller needs ledger-agrees after stock-tied
    trial close allows unresolved siso up to 10,000 USD
    hard close needs every step
    hard close needs no open block-close
    hard close needs approval by corporate-controller
    reopening needs approval by corporate-controller, technical-accounting
    after hard close corrections post to the next open period
"""
"""Three steps one after another, a limit on trial, and each form of a condition."""


def close_of(text: str = CLOSE) -> syntax.Close:
    """The close of a text that holds nothing else."""
    items, found = parse_items(Source("close.tieout", text))
    assert not found.errors
    (close,) = items
    assert isinstance(close, syntax.Close)
    return close


def row(partner: str, part: str) -> Row:
    """The key of a row of siso."""
    return (("company", "US01"), ("partner", partner), ("part", part), ("period", "FY2026-P01"))


def raised(
    name: str, key: Row, value: str | None = None, outcome: str = "", of: str = "", sentence: str = "seen"
) -> Raised:
    """An exception of a control, or with an outcome (or `of`) of a reconciliation."""
    kind = of or ("reconciliation" if outcome else "control")
    digest = digest_of([name, sentence, value])
    outcomes = (outcome,) if outcome else ()
    money = None if value is None else Decimal(value)
    code = f"{name}-broken" if kind == "control" else ""
    return Raised(
        kind, name, key, code, "high", outcomes, "channel-analyst", money, sentence, digest, "what-must-agree.tieout:7"
    )


def accepted(one: Raised, comment: str = "seen and agreed") -> Acceptance:
    """An acceptance of an exception as it is."""
    return Acceptance(one.digest, comment, "controller", "2026-02-03T09:15:00.000000Z")
