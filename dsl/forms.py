"""Every item and every clause once, as it is written: what a syntax error offers when a line does not read.

The text is a ruleset that parses; a test holds it against the grammar, so help never offers what does not exist.
"""

from __future__ import annotations

import difflib
from functools import cache

FORMS = """\
ruleset northwind-channel version 2026.2
    extends tieout-606-base version 6
    owner channel-controller
    reporting currency USD
    effective from 2026-02-01 unless stated
    rounding half-up to the minor unit
    changes need approval by channel-controller, technical-accounting
    nobody approves their own change
    overrides lapse after 1 period
    lines convert at spot rate on the posting date, non-monetary lines of a layer on its ship-date, difference to fx-difference
    overlays may change parameters, exceptions
role channel-analyst may override siso up to 5,000 USD with comment and evidence
citation control-transfer "ASC 606-10-25-30", "IFRS 15.38" replaces "SAB 101"
calendar fiscal
    months, year ends 31 december, named by its last day
    days begin at midnight in America/New_York
    working days monday, tuesday, wednesday, thursday, friday except holiday
calendar retail
    weeks 4-4-5, year ends saturday nearest 31 january, week 53 joins the last period, named by its first day
calendar partner-retail
    weeks 4-5-4, year ends last saturday of january, week 53 joins period 12
rates spot from erp-spot quoted to USD, stale after 3 days, missing stops the run, crossed through USD
unit reel is part.pieces-per-reel units
book statutory posts
book group on top of statutory never posts
terms
    tier is one of platinum, gold, silver
    quantity, volume are quantities
    currency is a currency
    promotional is yes or no
register partner identified by code with history by date
    has tier, region and perhaps restocking-fee
    has perhaps transit-days
register programme-tier identified by programme with bands by from-volume
    has unit-rebate
stock for each company, partner, part
    our-warehouse, in-transit, partner-stock, end-customer
kind shipment moves our-warehouse to in-transit on ship-date identified by company, document, line
    has partner, part, quantity
kind transfer moves partner-stock to partner-stock of receiver on transfer-date identified by company, document
kind price-change moves nothing on effective-date identified by part, effective-date
kind inventory-report states partner-stock on as-of-date identified by company, partner, part, as-of-date
kind delivery tells of deliveries on last-day identified by company, partner, file
layers channel over in-transit, partner-stock for each company, partner, part
    carry unit-price, standard-cost
    leave oldest first by ship-date, then document, then line
    leave at average
    leave by serial when part.class is serialised
    pos-return brings back the units last sold, in their old place
    pos-return brings back the units last sold, at the back
    rma-credit takes the layer of shipment-document, else the oldest
    price-change changes unit-price of units held on effective-date to protected-price
    units sold beyond stock stop the close
    units sold beyond stock wait for the next receipt
    units sold beyond stock take the last price, the next receipt settles to cost-of-sales
    units returned beyond sales stop the close
    units returned beyond sales open a layer at the last price
    late facts recompute from their date
    late facts catch up in the open period
    leftover cents follow the running total
    leftover cents post apart to cost-of-sales
    ignore facts marked adjusted when pos-evidence is reported-pos
accounts ledger
    | role             | account | title               | type      | normal | nature   |
    | trade-receivable | 1210    | "Trade receivables" | asset     | debit  | monetary |
reconciliation siso for each company, partner, part, period in fiscal
    compares expected partner-stock with reported inventory-report.quantity, latest within 3 days of period end
    reported includes in-transit when partner.counts-in-transit is yes
    opens from adjusted closing stock
    stages deduplicate, align-dates, absorb
    amount variance is reported - expected, but 0 when reported is missing
adjustment duplicate-pos of siso in stage deduplicate for each pos-sale
    when two agree on partner, part, quantity and their sale-date differs by at most 1 days
    then exclude the later by received-at
adjustment late-pos of siso in stage align-dates for each pos-sale
    when sale-date is after period end
     and reported-for is period
    then count it at period end
    reverses on next period start
    earliest first until 2% * sum of pos-sale.quantity is used up for each partner, period
adjustment foreign-pos of siso in stage align-dates for each pos-sale
    when region is not one of AMER, EMEA
    then exclude it
adjustment early-pos of siso in stage align-dates for each pos-sale
    when sale-date is before period start
    then date it at period start
adjustment unreported of siso in stage absorb for each siso
    when expected is over reported
    then record pos-sale of expected - reported dated period end marked adjusted
adjustment week-reported of siso in stage absorb for each pos-sale
    when covers-from is not missing
    then split it by week-to-days marked estimated
adjustment sold-as-kit of siso in stage absorb for each pos-sale
    when a component exists for part as kit before period end
    then replace it by component of quantity * component.per-kit
control no-negative-stock for each siso
    when serial is missing
    needs expected is at least 0
    otherwise raise oversell high to channel-controller
table variance-treatment decides severity, treatment for each siso
    | row   | reported         | absolute value          | percent          => severity | treatment   |
    | noise | at least 0 units | under 500 USD           | any              => info     | auto-adjust |
    | small | missing          | 500 to under 10,000 USD | at most 2%       => low      | auto-adjust |
    | large | 1 units, 2 units | over 10,000 USD         | 2% to under 100% => high     | exception   |
decision control for each company, partner, part is one of passed, kept decided as of ship-date
    unless excepted, passed
    why "The partner bears the risk of the goods."
    cites control-transfer
exception kept-until-resale to control
    version 2
    effective from 2026-03-01 through 2026-12-31
    when partner.model is one of resale, consignment
      or partner.code is BRAVO
    becomes kept, but passed when no receipt exists for document, line
parameter return-rate is a rate for each partner.tier
    | from       | platinum | gold |
    | 2018-01-01 | 3.0%     | 4.0% |
    review by 2027-01-31
parameter still-to-come is a rate for each band of days
    | from       | under 30 days | at least 30 days |
    | 2018-01-01 | 100%          | 0%               |
    review by 2027-01-31
amount gross for each layer touched by pos-sale, pos-return is rounded(quantity * layer.unit-price)
amount expected-rotation for each company, partner, period in fiscal
    when rotation-demand is over 0
    is rotation-demand
    capped at rotation-allowance
    floored at 0 units
amount percent for each layer is variance / expected, but 100% when expected is 0
amount rotation-allowance for each company, partner, period
    is rotation-rate * sum of shipped-value since previous quarter start through previous quarter end
amount small-differences for each company, partner, period
    is sum of (absolute-variance where absolute-variance is under 10,000 USD) within last 3 periods
amount booked for each layer, price-change
    is balance of deferred-revenue in company currency - balance of deferred-cost
amount lower-price for each layer, price-change is lower of (layer.unit-price, price-change.new-price)
amount value for each siso is variance * unit-value converted to USD at closing rate on period end
amount list for each siso is part.list-price on period end
amount outlook for each programme is programme-outlook.volume at the latest programme-outlook.outlook-date
amount whole-tier for each programme is programme-tier.unit-rebate at the band of expected-volume
amount each-tier for each programme is programme-tier.unit-rebate band by band over earning-volume
amount apart for each siso is -(absolute siso.value) / 2
allocation bundle-price for each bundle-order
    spreads bundle-order.price over bundle-line in proportion to bundle-line.ssp
    leftover cents by largest remainder, ties by line
exception residual to bundle-price
    gives bundle-line.ssp to bundle-line when bundle-line.discounted is no
    spreads the rest over bundle-line in proportion to bundle-line.quantity when bundle-line.discounted is yes
    leftover units by largest remainder, ties by line
journal sell-in-sale for each shipment posts on ship-date in fiscal
    when revenue-basis is one of sell-in, constrained
    converts at spot rate on ship-date
    amount price is rounded(quantity * unit-price)
    debit trade-receivable price
    credit product-revenue price
    negative amounts swap sides
    reverses on next period start
journal remeasure for each ledger-balance posts on period end in fiscal
    books company currency only
    true up ledger-balance.role to at-closing, offset to fx-difference
report scorecard for each partner, period in fiscal
    shows report-accuracy, claim-accuracy
    rolls deferred-revenue, deferred-cost by journal
close fiscal
    step stock-tied by channel-analyst needs no-negative-stock, siso after facts-in
    trial close allows unresolved siso up to 50,000 USD
    hard close needs every step
    hard close needs no open block-close
    hard close needs approval by corporate-controller
    reopening needs approval by corporate-controller
    after hard close corrections post to the next open period
scenario tighter-returns on northwind-channel
    set return-rate to 4.0% from 2026-08-02
    replace late-effect with restate
    project pos-sale forward 6 periods at sum of pos-sale.quantity within last 26 weeks / 26 a week
    project pos-sale forward 6 periods by trend and season for each part within last 36 periods
    in channel late facts recompute from their date
    shows refund-liability, product-revenue by partner, period
example "three of a hundred units are expected back"
    case "54-ifrs15-ex22-right-of-return"
    given shipment
        | document | partner | quantity  | invoice-price |
        | S-1      | ACME    | 100 units | 100.00 USD    |
    run FY2026-P01 under tighter-returns
    expect journal sell-in-sale
        | document | side  | role             | amount        |
        | S-1      | debit | trade-receivable | 10,000.00 USD |
    expect layer
        | document | remaining |
        | S-1      | 10 units  |
    expect no other sell-in-sale
    expect no layer
amend table variance-treatment because "Board materiality is 80,000 USD."
    withdraw row large
    add row | large-emea | at least 0 units | at least 40,000 USD | any => high | exception |
    add column | bronze | 4.5% |
    add input partner.region
withdraw exception-name because "The side letter has ended."
"""  # noqa: E501
"""A ruleset in which every item and every clause occurs."""


@cache
def _by_item() -> dict[str, tuple[str, ...]]:
    lines: dict[str, list[str]] = {}
    item = ""
    for line in FORMS.splitlines():
        if not line.startswith(" "):
            item = line.split()[0]
        lines.setdefault(item, []).append(line)
    return {item: tuple(lines) for item, lines in lines.items()}


def item_words() -> tuple[str, ...]:
    """The words that begin an item."""
    return tuple(_by_item())


def clause_words(item: str) -> tuple[str, ...]:
    """The words that begin a clause inside an item of this word."""
    return tuple(dict.fromkeys(line.split()[0] for line in _by_item().get(item, ()) if line.startswith(" ")))


def form_of(item: str, clause: str) -> str:
    """The written form nearest to a clause of an item: one that begins with the same word; '' where none does."""
    clause = clause[:200]
    words = clause.split()
    forms = [form.strip() for form in _by_item().get(item, ()) if words and form.split()[0] == words[0]]
    if words and not forms:
        forms = [form.strip() for form in _by_item().get(item, ()) if set(form.split()[:4]) & set(words[1:3])]
    return max(forms, key=lambda form: difflib.SequenceMatcher(None, form, clause).ratio(), default="")
