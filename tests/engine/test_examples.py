"""Examples of a ruleset: what they may expect, and what a difference says."""

from __future__ import annotations

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from engine.model.posting_order import journals_needed
from engine.run.examples import ExampleResult, run_example
from tests.support.small_world import HEAD, compiled, ruleset_of

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


# ---- values and reports ----------------------------------------------------------------------------------------------

VALUES = (
    HEAD
    + """\
terms
    code, document, line, invoice are text
    quantity is a quantity
    unit-price is a price
    ship-date, sale-date are dates
register partner identified by code
register part identified by code
stock for each partner, part
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by document
    has partner, part, quantity, unit-price
kind sale moves shelf to customer on sale-date identified by invoice
    has partner, part, quantity
layers pool over shelf for each partner, part
    carry unit-price
    leave oldest first by ship-date
    units sold beyond stock stop the close
    late facts catch up in the open period
    leftover cents follow the running total
amount shipped-value for each shipment is quantity * unit-price
amount gross for each layer touched by sale is rounded(quantity * layer.unit-price)
amount held-value for each layer is layer.remaining * layer.unit-price
amount sold-units for each partner, part, period is sum of sale.quantity
amount shipped-units for each partner, part, period is sum of shipment.quantity
amount sold-share for each partner, part, period is sold-units / shipped-units, but 0% when shipped-units is 0 units
decision size for each shipment is one of few, many decided as of ship-date
    unless excepted, few
    why "Few are usual."
exception at-least-six to size
    when quantity is at least 6 units
    becomes many
table counts decides count-of for each sale
    | row | quantity          => count-of |
    | a   | under 5 units     => low      |
    | b   | at least 5 units  => high     |
report standing for each partner, part, period
    shows sold-units, sold-share
example "two lots, one sale"
    given partner
        | partner |
        | ACME    |
    given part
        | part |
        | X1   |
    given shipment
        | document | partner | part | quantity | unit-price | ship-date  |
        | S-1      | ACME    | X1   | 4 units  | 2.00 USD   | 2026-01-03 |
        | S-2      | ACME    | X1   | 6 units  | 3.00 USD   | 2026-01-04 |
    given sale
        | invoice | partner | part | quantity | sale-date  |
        | I-1     | ACME    | X1   | 5 units  | 2026-01-20 |
    run FY2026-P01
"""
)


def valued(expects: str) -> ExampleResult:
    ruleset = ruleset_of(VALUES + expects)
    return run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))


def test_amounts_are_expected_for_facts_slices_layers_and_keys() -> None:
    expected = """\
    expect amount shipped-value
        | document | partner | shipped-value |
        | S-1      | ACME    | 8.00 USD      |
        | S-2      | ACME    | 18.00 USD     |
    expect no other shipped-value
    expect gross
        | invoice | layer.document | gross    |
        | I-1     | S-1            | 8.00 USD |
    expect gross
        | invoice | layer.document | gross    |
        | I-1     | S-2            | 3.00 USD |
    expect no other gross
    expect held-value
        | document | remaining | held-value |
        | S-2      | 5 units   | 15.00 USD  |
    expect sold-units
        | partner | period     | sold-units |
        | ACME    | FY2026-P01 | 5 units    |
    expect no other sold-units
"""
    result = valued(expected)
    assert result.passed, result


def test_a_quotient_a_decision_an_outcome_of_a_table_and_a_report_are_expected() -> None:
    expected = """\
    expect sold-share
        | partner | sold-share |
        | ACME    | 50%        |
    expect decision size
        | document | size |
        | S-1      | few  |
        | S-2      | many |
    expect count-of
        | invoice | count-of |
        | I-1     | high     |
    expect report standing
        | partner | part | sold-units | sold-share |
        | ACME    | X1   | 5 units    | 50%        |
    expect no other standing
"""
    result = valued(expected)
    assert result.passed, result


def test_a_value_that_differs_is_shown_cell_by_cell() -> None:
    expected = """\
    expect gross
        | invoice | layer.document | gross    |
        | I-1     | S-1            | 9.00 USD |
        | I-1     | S-2            | 3.00 USD |
"""
    [difference] = valued(expected).differences
    assert difference.cells == (("gross", "9.00", "8.00"),)
    assert difference.found == "invoice I-1, layer.document S-1, gross 8.00"


def test_a_value_that_should_have_no_row_is_shown_with_what_it_has() -> None:
    [difference] = valued("    expect no shipped-value\n").differences
    assert (difference.wanted, difference.found) == (
        "no shipped-value",
        "shipped-value 8.00; shipped-value 18.00",
    )


def test_what_no_run_makes_is_refused_by_the_check() -> None:
    for name, help_text in (
        ("shelf", "expect a reconciliation that compares it, or `layer`"),
        ("counts", "expect one of its outcomes: `count-of`"),
        (
            "override",
            "expect a journal, a control, a report, a reconciliation, an amount, an allocation, a decision or `layer`",
        ),
    ):
        _, found = compiled(VALUES + f"    expect no {name}\n")
        told = [(one.code, one.message, one.help) for one in found.errors]
        sentence = f"`expect {name}` can be written but does not run yet: an example sees what a run makes"
        assert told == [("T901", sentence, help_text)]


def test_a_column_that_a_values_rows_lack_is_refused_by_the_check() -> None:
    for name, column in (("gross", "grosss"), ("standing", "gross"), ("shipped-value", "sale-date")):
        _, found = compiled(VALUES + f"    expect {name}\n        | {column} |\n        | x |\n")
        assert [(one.code, one.message) for one in found.errors] == [("T101", f"{name} has no column `{column}`")]


OWED = (
    HEAD
    + """\
terms
    code, document are text
    amount is money
    bill-date, claim-date are dates
register partner identified by code
kind bill moves nothing on bill-date identified by document
    has partner, amount
kind claim moves nothing on claim-date identified by document
    has partner, amount
accounts ledger
    | role       | account | title         | type      | normal | nature   |
    | receivable | 1210    | "Receivables" | asset     | debit  | monetary |
    | owed       | 2410    | "Owed"        | liability | credit | monetary |
    | revenue    | 4010    | "Revenue"     | revenue   | credit | monetary |
journal sell for each bill posts on bill-date in fiscal
    amount price is rounded(amount)
    debit  receivable price
    credit revenue    price
journal pay for each claim posts on claim-date in fiscal
    amount paid is rounded(amount)
    debit  owed       paid
    credit receivable paid
amount target for each partner, period is rounded(sum of bill.amount)
amount stands for each partner, period is balance of owed
journal accrue for each partner, period posts on period end in fiscal
    true up owed to target, offset to revenue
report owing for each partner, period
    shows stands
report moved for each partner, period
    rolls owed by journal
example "what is not expected moves the balance all the same"
    given bill
        | document | partner | amount     | bill-date  |
        | "1"      | ACME    | 100.00 USD | 2026-01-05 |
    given claim
        | document | partner | amount    | claim-date |
        | "2"      | ACME    | 30.00 USD | 2026-01-06 |
    run FY2026-P01
"""
)


@pytest.mark.parametrize(
    "expects",
    [
        "    expect journal accrue\n        | side | role | amount |\n        | credit | owed | 130.00 USD |\n",
        "    expect report owing\n        | partner | stands |\n        | ACME | 100.00 USD |\n",
        "    expect amount stands\n        | partner | stands |\n        | ACME | 100.00 USD |\n",
        "    expect report moved\n        | movement | amount |\n        | closing | 100.00 USD |\n",
        "    expect ledger-balance\n        | role | partner | amount |\n        | owed | ACME | 100.00 USD |\n"
        "        | receivable | ACME | 70.00 USD |\n        | revenue | ACME | -30.00 USD |\n"
        "    expect no other ledger-balance\n",
        "    expect ledger-line\n        | journal | side | account | amount |\n"
        '        | pay | credit | "1210" | 30.00 USD |\n',
    ],
    ids=["a true-up", "a report", "an amount", "a roll-forward", "the ledger's balances", "its lines"],
)
def test_a_balance_holds_what_every_journal_posts_to_it(expects: str) -> None:
    ruleset = ruleset_of(OWED + expects)
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.passed, result


def test_balances_and_corrections_of_several_closes_are_expected() -> None:
    # What a period posts counts in it: 100 are owed in January, and in February the 40 that became known late. All
    # revenue of January was owed to the partner, so its result is nothing, and what corrects it is the whole of it.
    text = OWED.partition("    given claim")[0].replace("| bill-date  |", "| bill-date  | known-at   |")
    text = text.replace("| 2026-01-05 |", "| 2026-01-05 | 2026-01-05 |") + LATER
    ruleset = ruleset_of(text)
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.passed, result


LATER = """\
        | "2"      | ACME    | 40.00 USD  | 2026-01-09 | 2026-02-03 |
    run FY2026-P02
    expect ledger-balance
        | role       | amount     | nature   |
        | receivable | 140.00 USD | monetary |
        | owed       | 40.00 USD  | monetary |
        | revenue    | 100.00 USD | monetary |
    expect no other ledger-balance
    expect correction
        | role       | origin-period | amount    | cause     | share-of-result |
        | receivable | FY2026-P01    | 40.00 USD | late-fact | 100%            |
        | revenue    | FY2026-P01    | 40.00 USD | late-fact | 100%            |
    expect no other correction
"""


TWO_PERIODS = """\
        | "2"      | ACME    | 40.00 USD  | 2026-02-03 |
    run FY2026-P02
    expect journal accrue
        | period     | side   | role    | amount     |
        | FY2026-P01 | credit | owed    | 100.00 USD |
        | FY2026-P01 | debit  | revenue | 100.00 USD |
        | FY2026-P02 | debit  | owed    | 60.00 USD  |
        | FY2026-P02 | credit | revenue | 60.00 USD  |
    expect no other accrue
    expect ledger-balance
        | period     | role       | amount     |
        | FY2026-P01 | receivable | 100.00 USD |
        | FY2026-P01 | owed       | 100.00 USD |
        | FY2026-P02 | receivable | 140.00 USD |
        | FY2026-P02 | owed       | 40.00 USD  |
        | FY2026-P02 | revenue    | 100.00 USD |
    expect journal sell
        | document | role       | amount    |
        | "2"      | receivable | 40.00 USD |
        | "2"      | revenue    | 40.00 USD |
    expect no other sell
"""


def test_rows_that_name_their_period_are_expected_of_every_period_closed() -> None:
    # 100 are billed in January and owed; in February 40 are, and what is owed falls by 60. Rows that do not name their
    # period are those of the last: the bill of January is not among them.
    ruleset = ruleset_of(OWED.partition("    given claim")[0] + TWO_PERIODS)
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.passed, result


def test_what_no_one_reads_is_not_run() -> None:
    ruleset = ruleset_of(OWED.partition("example ")[0])
    assert journals_needed(ruleset, frozenset({"sell"})) == {"sell"}
    assert journals_needed(ruleset, frozenset({"target"})) == frozenset()
    assert journals_needed(ruleset, frozenset({"stands"})) == {"pay", "accrue"}


BUNDLE = (
    HEAD
    + """\
rates spot from erp-spot quoted to USD, stale after 3 days, missing stops the run, crossed through USD
terms
    order, line are text
    price, alone are money
    order-date is a date
kind bundle-order moves nothing on order-date identified by order
    has price
kind bundle-line moves nothing on order-date identified by order, line
    has alone
allocation share for each bundle-order
    spreads bundle-order.price over bundle-line in proportion to bundle-line.alone
    leftover cents by largest remainder, ties by line
example "whole yen, and lines without a day of their own"
    given bundle-order
        | order | price  | order-date |
        | B     | 80 JPY | 2026-01-10 |
    given bundle-line
        | order | line | alone  |
        | B     | "1"  | 20 JPY |
        | B     | "2"  | 30 JPY |
        | B     | "3"  | 40 JPY |
    run FY2026-P01
    expect allocation share
        | line | share  |
        | "1"  | 18 JPY |
        | "2"  | 27 JPY |
        | "3"  | 35 JPY |
"""
)


def test_money_is_in_the_currency_that_its_cells_say_and_a_fact_without_a_day_is_not_lost() -> None:
    ruleset = ruleset_of(BUNDLE)
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.passed, (result.stopped, result.differences)


def test_a_row_with_money_of_two_currencies_is_refused() -> None:
    kind = "kind two moves nothing on order-date identified by order\n    has price, alone\n"
    given = "    given two\n        | order | price | alone |\n        | B | 1 JPY | 1 EUR |\n"
    text = BUNDLE.replace("kind bundle-line", f"{kind}kind bundle-line").replace("    run FY", f"{given}    run FY")
    result = run_example(ruleset_of(text), ruleset_of(text).examples[0], lambda: DuckDBExecutor(threads=1))
    assert "a row with money in JPY and EUR" in result.stopped
