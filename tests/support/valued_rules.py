"""A ruleset for a shop whose every unit is valued: text in which one policy of the layers is chosen at a time."""

from __future__ import annotations

from functools import cache

from dsl.parse import parse
from dsl.span import Source
from engine.model.from_syntax import resolve
from engine.model.ruleset import Ruleset
from tests.support.oracle import BeyondStock, Policy

TEXT = """\
ruleset shop version 1
    owner controller
    reporting currency USD
    effective from 2020-01-01 unless stated
    rounding half-up to the minor unit
role controller
calendar fiscal
    months, year ends 31 december
    days begin at midnight in America/New_York
terms
    code, number, document, serial, rank are text
    quantity, lot-units are quantities
    lot-price, lot-cost are money
    arrival, leaves-as, leaving, return-date, effective-date are dates
register company identified by code
register partner identified by code
register part identified by code
stock for each company, partner, part
    our-stock, partner-stock, end-customer
kind receipt moves our-stock to partner-stock on arrival identified by company, number
    has partner, part, quantity, lot-price, lot-cost, lot-units, leaves-as, rank and perhaps document, serial
kind sale moves partner-stock to end-customer on leaving identified by company, number
    has partner, part, quantity and perhaps serial
kind customer-return moves end-customer to partner-stock on return-date identified by company, number
    has partner, part, quantity
kind recall moves partner-stock to our-stock on leaving identified by company, number
    has partner, part, quantity and perhaps serial
kind recall-newest moves partner-stock to our-stock on leaving identified by company, number
    has partner, part, quantity, document
kind recall-oldest moves partner-stock to our-stock on leaving identified by company, number
    has partner, part, quantity, document
kind resupply moves our-stock to partner-stock on return-date identified by company, number
    has partner, part, quantity
kind repricing moves nothing on effective-date identified by company, partner, part, number
    has lot-price, lot-units
kind price-cut moves nothing on effective-date identified by company, partner, part, number
    has lot-price, lot-units
kind late-freight moves nothing on effective-date identified by company, partner, part, number
    has lot-cost, lot-units
layers shelf over partner-stock for each company, partner, part
    carry price, cost
    leave {order} first by leaves-as, then rank
    leave by serial when serial is not missing
    customer-return brings back the units last sold, {customers}
    resupply brings back the units last sold, in their old place
    recall-newest takes the layer of document, else the newest
    recall-oldest takes the layer of document, else the oldest
    repricing changes price of units held on effective-date to new-price
    price-cut changes price of units held on effective-date to cut-price
    late-freight changes cost of units held on effective-date by freight-each
    units sold beyond stock {beyond_stock}
    units returned beyond sales {beyond_sales}
    late facts catch up in the open period
    leftover cents {leftover}
accounts ledger
    | role          | account | title               | type      | normal | nature       |
    | receivable    | 1210    | "Receivables"       | asset     | debit  | monetary     |
    | goods         | 1320    | "Goods"             | asset     | debit  | non-monetary |
    | deferred-cost | 1355    | "Deferred cost"     | asset     | debit  | non-monetary |
    | deferred      | 2310    | "Deferred revenue"  | liability | credit | non-monetary |
    | revenue       | 4010    | "Revenue"           | revenue   | credit | non-monetary |
    | cost-of-sales | 5010    | "Cost of sales"     | expense   | debit  | non-monetary |
    | settlement    | 5020    | "Oversold, settled" | expense   | debit  | non-monetary |
    | cents         | 5030    | "Leftover cents"    | expense   | debit  | non-monetary |
amount price for each receipt is lot-price / lot-units, but 0 when lot-units is 0
amount cost for each receipt is lot-cost / lot-units, but 0 when lot-units is 0
amount new-price for each repricing is lot-price / lot-units, but 0 when lot-units is 0
amount highest for each price-cut is lot-price / lot-units, but 0 when lot-units is 0
amount freight-each for each late-freight is lot-cost / lot-units, but 0 when lot-units is 0
amount cut-price for each layer, price-cut is lower of (layer.price, highest)
amount gross for each layer touched by sale, customer-return, recall, recall-newest, recall-oldest, resupply
    is rounded(quantity * layer.price)
amount cost-moved for each layer touched by sale, customer-return, recall, recall-newest, recall-oldest, resupply
    is rounded(quantity * layer.cost)
journal defer for each receipt posts on arrival in fiscal
    amount whole-price is rounded(quantity * price)
    amount whole-cost is rounded(quantity * cost)
    debit  receivable    whole-price
    credit deferred      whole-price
    debit  deferred-cost whole-cost
    credit goods         whole-cost
    negative amounts swap sides
journal earn for each layer touched by sale, customer-return posts on event-date in fiscal
    debit  deferred      gross
    credit revenue       gross
    debit  cost-of-sales cost-moved
    credit deferred-cost cost-moved
    negative amounts swap sides
journal take-back for each layer touched by recall, recall-newest, recall-oldest, resupply posts on event-date in fiscal
    debit  deferred      gross
    credit receivable    gross
    debit  goods         cost-moved
    credit deferred-cost cost-moved
    negative amounts swap sides
journal reprice for each layer touched by repricing posts on effective-date in fiscal
    amount lost is rounded(quantity * (layer.price - new-price))
    debit  deferred   lost
    credit receivable lost
    negative amounts swap sides
journal cut for each layer touched by price-cut posts on effective-date in fiscal
    amount lost is rounded(quantity * (layer.price - cut-price))
    debit  deferred   lost
    credit receivable lost
    negative amounts swap sides
journal add-freight for each layer touched by late-freight posts on effective-date in fiscal
    amount added is rounded(quantity * freight-each)
    debit  deferred-cost added
    credit goods         added
    negative amounts swap sides
"""

CHANGES = ("repricing", "price-cut", "late-freight")
"""Kinds that change a value, in the order of their phrases: the order in which they act on one day."""

_BEYOND_STOCK = {
    "stop": "stop the close",
    "wait": "wait for the next receipt",
    "last-price": "take the last price, the next receipt settles to settlement",
}
_BEYOND_SALES = {"stop": "stop the close", "open-layer": "open a layer at the last price"}
LEFTOVER = {"running": "follow the running total", "apart": "post apart to cents"}
"""The two answers to where leftover cents go, by their short name."""


def text_of(policy: Policy, leftover: str) -> str:
    """The ruleset's text under one policy."""
    return TEXT.format(
        order=policy.order,
        customers="at the back" if policy.to_back else "in their old place",
        beyond_stock=_BEYOND_STOCK[policy.beyond_stock],
        beyond_sales=_BEYOND_SALES[policy.beyond_sales],
        leftover=LEFTOVER[leftover],
    )


@cache
def rules_of(policy: Policy, leftover: str) -> Ruleset:
    """The ruleset under one policy."""
    return resolved(text_of(policy, leftover))


def resolved(text: str) -> Ruleset:
    """A ruleset out of its text."""
    trees, told = parse(Source("shop.tieout", text))
    assert not list(told), [one.message for one in told]
    ruleset, found = resolve(trees)
    assert ruleset is not None, [(one.code, one.message, str(one.span)) for one in found]
    return ruleset


@cache
def rules_at_average(beyond_stock: BeyondStock) -> Ruleset:
    """The ruleset with units at their pool's average: nothing tells them apart, and nothing changes what they cost."""
    return resolved(_pooled("average", beyond_stock, (" of units held ",), "journal reprice for"))


@cache
def rules_at_standard(beyond_stock: BeyondStock) -> Ruleset:
    """The ruleset with units at their pool's standard, which repricings change."""
    return resolved(_pooled("standard", beyond_stock, ("price-cut changes", "late-freight changes"), "journal cut for"))


def _pooled(value: str, beyond_stock: BeyondStock, without: tuple[str, ...], end: str) -> str:
    """The text where pools have one value: without phrases that have some words, and what stands behind `end`."""
    apart = ("leave by", *without)
    lines = text_of(Policy(beyond_stock=beyond_stock), "running").splitlines(keepends=True)
    text = "".join(line for line in lines if not any(words in line for words in apart))
    ordered = "leave oldest first by leaves-as, then rank"
    assert ordered in text
    return text[: text.index(end)].replace(ordered, f"leave at {value}")
