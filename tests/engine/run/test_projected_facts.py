"""Projected facts in small rulesets: what feeds them, what stops them, and what the rules see of them."""

from __future__ import annotations

from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import read_texts
from dsl.diagnostics import Diagnostics
from engine.model.ruleset import Ruleset
from engine.run.examples import ExampleResult, run_example

RULES = """\
ruleset ahead version 1
    owner controller
    reporting currency USD
    rounding half-up to the minor unit
role controller
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
terms
    document, code are text
    terms-of-sale is one of usual, special
    quantity is a quantity
    price is a price
    ship-date, sale-date are dates
register partner identified by code
register part identified by code
stock for each partner, part
    shop, shelf, gone
kind shipment moves shop to shelf on ship-date identified by document
    has partner, part, quantity, price
kind sale moves shelf to gone on sale-date identified by document
    has partner, part, quantity, terms-of-sale
layers channel over shelf for each partner, part
    carry price
    leave oldest first by ship-date, then document
    units sold beyond stock stop the close
    late facts catch up in the open period
    leftover cents follow the running total
accounts ledger
    | role     | account | title      | type      | normal | nature       |
    | deferred | 2310    | "Deferred" | liability | credit | non-monetary |
    | revenue  | 4010    | "Revenue"  | revenue   | credit | non-monetary |
journal recognise for each layer touched by sale posts on event-date in fiscal
    when sale.terms-of-sale is special
    debit  deferred rounded(quantity * layer.price)
    credit revenue  rounded(quantity * layer.price)
amount supposed for each partner, part, period is sum of (sale.quantity where sale.mark is not missing)
scenario ask on ahead
    {lines}
    shows revenue by partner
example "ahead"
    given shipment
        | document | partner | part | quantity | price    | ship-date  |
        | S-1      | ACME    | X    | 30 units | 5.00 USD | 2026-02-01 |
    given sale
        | document | partner | part | quantity | terms-of-sale | sale-date  |
        | A        | ACME    | X    | 8 units  | usual         | 2026-02-10 |
        | B        | ACME    | X    | 20 units | special       | 2026-02-20 |
    run FY2026-P03 under ask
    {expect}
"""

SEVEN_A_WEEK = "project sale forward 1 periods at sum of sale.quantity within last 4 weeks / 4 a week"


def compiled(lines: str, expect: str) -> tuple[Ruleset | None, Diagnostics]:
    """The ruleset with a scenario of some lines, and an example that expects something in March."""
    return read_texts({"ahead.tieout": RULES.format(lines=lines, expect=expect)})


def run(lines: str, expect: str) -> ExampleResult:
    """The example's result."""
    ruleset, found = compiled(lines, expect)
    assert ruleset is not None, [(one.message, one.help) for one in found.errors]
    return run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))


def passed(result: ExampleResult) -> bool:
    """Whether everything expected came out; the differences are shown where not."""
    assert not result.stopped
    assert result.differences == ()
    return result.passed


def test_what_leaves_is_what_the_pool_holds_and_terms_are_those_of_the_last_sale() -> None:
    """Seven a week, of which the two units left are sold in the first week of March, on special terms at 5.00 each."""
    expect = """expect journal recognise
        | side   | role     | amount    |
        | debit  | deferred | 10.00 USD |
        | credit | revenue  | 10.00 USD |
    expect no other recognise"""
    assert passed(run(SEVEN_A_WEEK, expect))


def test_shipments_of_the_same_scenario_come_first() -> None:
    """Four a week arrive, 17.71 in March, so 18 units: with the two held, 20 of the 31 wanted can be sold."""
    lines = f"project shipment forward 1 periods at 4 units a week\n    {SEVEN_A_WEEK}"
    expect = """expect supposed
        | partner | part | supposed |
        | ACME    | X    | 20 units |"""
    assert passed(run(lines, expect))


def test_under_nothing_is_no_projection() -> None:
    lines = "project sale forward 1 periods at 3 units - sum of sale.quantity within last 4 weeks a week"
    result = run(lines, "expect no recognise")
    assert result.stopped.startswith("sale projected for ACME, X in FY2026-P03 is under 0")


def test_a_field_that_nothing_says_stops_the_run() -> None:
    """BETA holds units and never sold any: on which terms it would sell is nowhere said."""
    lines = "project sale forward 1 periods at 1 units a week"
    text = RULES.format(lines=lines, expect="expect no recognise").replace(
        "    given sale\n", "        | S-2      | BETA    | X    | 9 units  | 5.00 USD | 2026-02-01 |\n    given sale\n"
    )
    ruleset, _ = read_texts({"ahead.tieout": text})
    assert ruleset is not None
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.stopped == "no sale of BETA, X says which terms-of-sale a projected one has"


def test_a_sum_without_an_end_is_refused() -> None:
    ruleset, found = compiled("project sale forward 1 periods at sum of sale.quantity a week", "expect no recognise")
    assert ruleset is None
    (told,) = found.errors
    assert told.code == "T901"
    assert told.help == "write how far it looks back: `within last 26 weeks`"


def test_trend_is_asked_for_keys_of_the_pools() -> None:
    lines = "project sale forward 1 periods by trend and season for each document within last 3 periods"
    ruleset, found = compiled(lines, "expect no recognise")
    assert ruleset is None
    assert [one.message for one in found.errors] == ["no key of the pools `document`"]
