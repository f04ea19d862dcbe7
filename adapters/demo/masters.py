"""The demo's master data: registers, price book and opening balances as the ERP exports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from adapters.demo.catalogue import (
    ACME,
    AUTHORISATIONS,
    BRAVO,
    GO_LIVE,
    MONTHS,
    PARTNERS,
    PARTS,
    PRICE_CUTS,
    REGIONS,
    REGISTERED,
    SELLERS,
    Partner,
    book_price,
    month_of,
)
from adapters.demo.simulation import World

_PART = {part.code: part for part in PARTS}
_NEW_TERMS = date(2026, 3, 1)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Export:
    """One file of the ERP: its name without dates, place in MONTHS of the delivery it comes with, header, rows."""

    name: str
    month: int
    header: str
    rows: tuple[str, ...]


def exports(world: World) -> tuple[Export, ...]:
    """Every master file, in the order of the deliveries."""
    partners = tuple(_partner(one, REGISTERED, one.return_right) for one in PARTNERS)
    first = (
        Export("erp_companies", 0, "Company", ("US01",)),
        Export("erp_partners", 0, _PARTNER_HEADER, partners),
        Export("erp_parts", 0, "Material,Group,Serialised,List price,Valid from", _parts()),
        Export("erp_special_prices", 0, _AUTHORISATION_HEADER, _authorisations()),
        Export("erp_sellers", 0, "Rep,Plan", tuple(f"{code},{plan}" for code, plan in SELLERS)),
        Export("erp_balances", 0, "Document,Line,Role,Sold-to,Amount,Date", _balances(world)),
    )
    prices = tuple(Export("erp_prices", place, _PRICE_HEADER, _prices(place)) for place in range(len(MONTHS)))
    changed = Export("erp_partners", month_of(_NEW_TERMS), _PARTNER_HEADER, (_partner(BRAVO, _NEW_TERMS, "rotation"),))
    return (*first, *prices, changed)


_PARTNER_HEADER = (
    "Sold-to,Code,Region,Model,Delivery terms,Return right,Settles on,Price protected,Protection days,Claims debits,"
    "Transit days,Counts in transit,Counts uncredited,Valid from"
)
_AUTHORISATION_HEADER = "Number,Sold-to,Material,Method,Unit credit,Authorised cost,Valid from,Valid through"
_PRICE_HEADER = "Type,Material,Region,Valid from,Price"


def _partner(one: Partner, day: date, return_right: str) -> str:
    terms = (one.price_protected, one.protection_days, one.claims_debits, one.transit_days)
    counts = (one.counts_in_transit, one.counts_uncredited)
    cells = [one.number, one.code, one.region, one.model, "on-shipment", return_right, one.settles_on, *terms, *counts]
    return ",".join(("yes" if cell else "no") if isinstance(cell, bool) else str(cell) for cell in [*cells, day])


def _parts() -> tuple[str, ...]:
    return tuple(
        f"{part.code},{part.family},{'yes' if part.serialised else 'no'},{part.list_price},{REGISTERED}"
        for part in PARTS
    )


def _authorisations() -> tuple[str, ...]:
    return tuple(
        f"{one.number},{ACME.number},{one.part},{one.method},{one.unit_credit},{one.authorised_cost},"
        f"{one.valid_from},{one.valid_through}"
        for one in AUTHORISATIONS
    )


def _prices(place: int) -> tuple[str, ...]:
    rows = []
    if place == 0:
        rows = [f"LIST,{part.code},{region},{REGISTERED},{part.list_price}" for part in PARTS for region in REGIONS]
    for cut in PRICE_CUTS:
        if month_of(cut.day) == place:
            rows.append(f"CHANGE,{cut.part},{cut.region},{cut.day},{book_price(_PART[cut.part], cut.region, cut.day)}")
    return tuple(rows)


def _balances(world: World) -> tuple[str, ...]:
    """What the old books held for the opening stock, debit positive, so that the subledger ties from the first day."""
    lines: list[tuple[str, str, Decimal]] = [("finished-goods", "", Decimal("2500000.00"))]
    for partner in PARTNERS:
        held = [one for one in world.openings if one.partner == partner.code]
        price = _total([one.quantity * one.unit_price for one in held])
        cost = _total([one.quantity * _PART[one.part].standard_cost for one in held])
        if partner.model == "resale":
            lines += [("deferred-revenue", partner.number, -price), ("deferred-cost", partner.number, cost)]
        if partner.model == "consignment":
            lines.append(("consigned-goods", partner.number, cost))
        else:
            lines.append(("trade-receivable", partner.number, price))
    return tuple(
        f"GO-LIVE,{place},{role},{number},{amount},{GO_LIVE}" for place, (role, number, amount) in enumerate(lines, 1)
    )


def _total(values: Sequence[Decimal]) -> Decimal:
    return sum((value.quantize(_CENT, ROUND_HALF_UP) for value in values), Decimal("0.00"))
