"""Examples of a ruleset: what they may expect, and what a difference says."""

from __future__ import annotations

from adapters.duckdb_executor import DuckDBExecutor
from engine.run.examples import ExampleResult, run_example
from tests.support.small_world import HEAD, ruleset_of

ORDERS = (
    HEAD
    + """\
terms
    document is text
    quantity is a quantity
    order-date is a date
kind order moves nothing on order-date identified by document
    has quantity
control nothing-large for each order
    needs quantity is at most 5 units
    otherwise raise large-order low to controller
example "an order over five units is large"
    given order
        | document | quantity | order-date |
        | "1"      | 5 units  | 2026-01-05 |
        | "2"      | 6 units  | 2026-01-05 |
        | "3"      | 7 units  | 2026-01-05 |
    run FY2026-P01
"""
)


def outcome(expects: str) -> ExampleResult:
    ruleset = ruleset_of(ORDERS + expects)
    return run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))


def test_the_rows_that_break_a_control_are_expected_by_its_name() -> None:
    expected = """\
    expect nothing-large
        | document |
        | "2"      |
        | "3"      |
    expect no other nothing-large
"""
    assert outcome(expected).passed


def test_a_row_that_breaks_a_control_unexpectedly_is_a_difference() -> None:
    expected = """\
    expect nothing-large
        | document |
        | "1"      |
        | "2"      |
    expect no other nothing-large
"""
    result = outcome(expected)
    assert [(one.wanted, one.found) for one in result.differences] == [
        ("document 1", ""),
        ("no other nothing-large", "document 3"),
    ]
