"""A small client for tests of the command line: a ruleset that reconciles, values and posts, and a month of files."""

from __future__ import annotations

from pathlib import Path

RULESET = """\
ruleset shop version 1
    owner controller
    reporting currency USD
    effective from 2026-01-01 unless stated
    rounding half-up to the minor unit
role controller may override siso with comment
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
terms
    code, number are text
    quantity is a quantity
    unit-price, list-price are prices
    ship-date, sale-date, as-of-date are dates
register company identified by code
register partner identified by code
register part identified by code
    has list-price
stock for each company, partner, part
    warehouse, shelf, customer
kind shipment moves warehouse to shelf on ship-date identified by company, number
    has partner, part, quantity, unit-price
kind sale moves shelf to customer on sale-date identified by company, number
    has partner, part, quantity
kind count states shelf on as-of-date identified by company, partner, part, as-of-date
    has quantity
layers shelf-layers over shelf for each company, partner, part
    carry unit-price
    leave oldest first by ship-date, then number
    units sold beyond stock stop the close
    late facts catch up in the open period
    leftover cents follow the running total
reconciliation siso for each company, partner, part, period in fiscal
    compares expected shelf with reported count.quantity, latest within 3 days of period end
    opens from adjusted closing stock
    stages absorb
    amount variance is reported - expected, but 0 when reported is missing
    amount value is rounded(variance * part.list-price), but 0 USD when reported is missing
table treatment-of decides severity, treatment, approver for each siso
    | row    | reported         | absolute value  => severity | treatment | approver   |
    | silent | missing          | any             => high     | look-into | controller |
    | small  | at least 0 units | under 100 USD   => low      | absorb    | nobody     |
    | large  | at least 0 units | at least 100 USD => high    | look-into | controller |
adjustment unreported of siso in stage absorb for each siso
    when treatment is absorb
     and reported is not missing
     and expected is over reported
    then record sale of expected - reported dated period end marked adjusted
control every-report-in for each siso
    needs reported is not missing
    otherwise raise no-report high to controller
accounts ledger
    | role             | account | title               | type      | normal | nature       |
    | trade-receivable | 1210    | "Trade receivables" | asset     | debit  | monetary     |
    | deferred-revenue | 2310    | "Deferred revenue"  | liability | credit | non-monetary |
    | product-revenue  | 4010    | "Product revenue"   | revenue   | credit | non-monetary |
amount gross for each layer touched by sale is rounded(quantity * layer.unit-price)
journal defer for each shipment posts on ship-date in fiscal
    amount price is rounded(quantity * unit-price)
    debit  trade-receivable price
    credit deferred-revenue price
journal earn for each layer touched by sale posts on event-date in fiscal
    debit  deferred-revenue gross
    credit product-revenue  gross
report deferred-income for each company, partner, period
    rolls deferred-revenue by journal
close fiscal
    step facts-in by controller needs every-report-in
    hard close needs every step
    after hard close corrections post to the next open period
example "two of three units are sold"
    given shipment
        | company | number | partner | part | quantity | unit-price | ship-date  |
        | US01    | S-1    | ACME    | X100 | 3        | 10.00 USD  | 2026-01-05 |
    given sale
        | company | number | partner | part | quantity | sale-date  |
        | US01    | P-1    | ACME    | X100 | 2        | 2026-01-20 |
    run FY2026-P01
    expect earn
        | partner | side   | role             | amount    |
        | ACME    | debit  | deferred-revenue | 20.00 USD |
        | ACME    | credit | product-revenue  | 20.00 USD |
"""

CLIENT = """\
client: Corner Shop
ruleset: shop.tieout
currency: USD
feeds:
  - name: masters
    files: "masters_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      - record: partner
        when: {column: What, is: partner}
        columns: {code: Code}
      - record: part
        when: {column: What, is: part}
        columns: {code: Code, list-price: Price}
      - record: company
        when: {column: What, is: company}
        columns: {code: Code}
  - name: shipments
    files: "shipments_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: Units
    fills:
      record: shipment
      columns:
        company: {constant: US01}
        number: No
        partner: Partner
        part: Part
        quantity: Units
        unit-price: Price
        ship-date: Date
  - name: sales
    files: "sales_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: Units
    fills:
      record: sale
      columns: {company: {constant: US01}, number: No, partner: Partner, part: Part, quantity: Units, sale-date: Date}
  - name: counts
    files: "counts_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    fills:
      record: count
      columns: {company: {constant: US01}, partner: Partner, part: Part, quantity: Units, as-of-date: Date}
"""

MASTERS = "What,Code,Price\ncompany,US01,\npartner,ACME,\npartner,BRAVO,\npart,X100,10.00\npart,X200,40.00\n"
SHIPMENTS = (
    "No,Partner,Part,Units,Price,Date\n"
    "S-1,ACME,X100,10,25.00,2026-01-05\n"
    "S-2,ACME,X200,4,100.00,2026-01-06\n"
    "S-3,BRAVO,X100,6,26.50,2026-01-09\n"
)
SALES_HEAD = "No,Partner,Part,Units,Date\n"
SALES = SALES_HEAD + "P-1,ACME,X100,3,2026-01-20\nP-2,BRAVO,X100,2,2026-01-21\n"
COUNTS = "Partner,Part,Units,Date\nACME,X100,7,2026-01-31\nACME,X200,3,2026-01-31\nBRAVO,X100,4,2026-01-31\n"
"""One unit of X200 at ACME was sold and not reported."""

JANUARY = {
    "masters_2026-01.csv": MASTERS,
    "shipments_2026-01.csv": SHIPMENTS,
    "sales_2026-01.csv": SALES,
    "counts_2026-01.csv": COUNTS,
}


def make_shop(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Make the client's folder with files in its incoming folder: January's, unless told otherwise."""
    (folder / "incoming").mkdir(parents=True)
    (folder / "shop.tieout").write_text(RULESET, encoding="utf-8")
    (folder / "client.yaml").write_text(CLIENT, encoding="utf-8")
    for name, text in (JANUARY if files is None else files).items():
        (folder / "incoming" / name).write_text(text, encoding="utf-8")
    return folder
