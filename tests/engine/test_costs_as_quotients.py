"""A carried cost that changes by a quotient, against a journal worked out by hand."""

from __future__ import annotations

from adapters.duckdb_executor import DuckDBExecutor
from engine.run.examples import run_example
from tests.support.small_world import HEAD, ruleset_of

FREIGHT = (
    HEAD
    + """\
terms
    code, document, invoice are text
    quantity is a quantity
    unit-cost is a price
    freight, duty are money
    ship-date, sale-date, charge-date, duty-date are dates
register partner identified by code
stock for each partner
    own, shelf, customer
kind shipment moves own to shelf on ship-date identified by partner, document
    has quantity, unit-cost
kind sale moves shelf to customer on sale-date identified by partner, invoice
    has quantity
kind freight-bill moves nothing on charge-date identified by partner, document
    has freight
kind duty-bill moves nothing on duty-date identified by partner, document
    has duty
layers pool over shelf for each partner
    carry unit-cost
    leave oldest first by ship-date, then document
    freight-bill changes unit-cost of units held on charge-date by freight-per-unit
    duty-bill changes unit-cost of units held on duty-date by duty-per-unit
    units sold beyond stock stop the close
    late facts catch up in the open period
    leftover cents follow the running total
amount freight-per-unit for each freight-bill is freight / units-billed, but 0 when units-billed is 0
amount units-billed for each freight-bill is sum of shipment.quantity
amount duty-per-unit for each duty-bill is duty / units-taxed, but 0 when units-taxed is 0
amount units-taxed for each duty-bill is sum of shipment.quantity
accounts ledger
    | role     | account | title      | type      | normal | nature       |
    | goods    | 1320    | "Goods"    | asset     | debit  | non-monetary |
    | payables | 2110    | "Payables" | liability | credit | monetary     |
    | cost     | 5010    | "Cost"     | expense   | debit  | non-monetary |
journal move-cost for each layer touched by sale posts on event-date in fiscal
    amount moved is rounded(quantity * layer.unit-cost)
    debit  cost  moved
    credit goods moved
journal add-freight for each layer touched by freight-bill posts on event-date in fiscal
    amount added is rounded(quantity * freight-per-unit)
    debit  goods    added
    credit payables added
journal add-duty for each layer touched by duty-bill posts on event-date in fiscal
    amount added is rounded(quantity * duty-per-unit)
    debit  goods    added
    credit payables added
example "a dollar of freight on three units, then half a dollar of duty when one is left"
    given partner
        | partner |
        | ACME    |
    given shipment
        | partner | document | quantity | unit-cost | ship-date  |
        | ACME    | S-1      | 3 units  | 10.00 USD | 2026-01-02 |
    given freight-bill
        | partner | document | freight  | charge-date |
        | ACME    | S-1      | 1.00 USD | 2026-01-05  |
    given duty-bill
        | partner | document | duty     | duty-date  |
        | ACME    | S-1      | 0.50 USD | 2026-01-20 |
    given sale
        | partner | invoice | quantity | sale-date  |
        | ACME    | I-1     | 1 units  | 2026-01-06 |
        | ACME    | I-2     | 1 units  | 2026-01-07 |
    run FY2026-P01
    expect journal add-freight
        | side   | role     | amount   |
        | debit  | goods    | 1.00 USD |
        | credit | payables | 1.00 USD |
    expect no other add-freight
    expect journal add-duty
        | side   | role     | amount   |
        | debit  | goods    | 0.17 USD |
        | credit | payables | 0.17 USD |
    expect no other add-duty
    expect journal move-cost
        | invoice | side   | role  | amount    |
        | I-1     | debit  | cost  | 10.33 USD |
        | I-1     | credit | goods | 10.33 USD |
        | I-2     | debit  | cost  | 10.34 USD |
        | I-2     | credit | goods | 10.34 USD |
    expect no other move-cost
    expect layer
        | document | remaining | unit-cost |
        | S-1      | 1 units   | 10.50 USD |
"""
)


def test_a_cost_that_freight_makes_a_quotient_is_carried_exactly() -> None:
    # 10.00 and a third of 1.00 are 31/3 a unit: 10.33 for the first, 20.67 for two, so the second posts 10.34. Half a
    # dollar of duty over the three units that came is a sixth: the unit left carries 31/3 + 1/6 = 10.50. Of the
    # duty the last of three units gets 0.50 - 0.33 = 0.17.
    ruleset = ruleset_of(FREIGHT)
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.passed, (result.stopped, result.differences)
