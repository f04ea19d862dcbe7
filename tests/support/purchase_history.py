"""What the purchase orders of AdventureWorks must come to, reckoned from the raw files line by line with Decimal.

Nothing here is shared with the engine: cells are cut by hand, and units leave one list of layers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from pathlib import Path

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a purchase order."""

    order: str
    line: str
    part: str
    day: date
    price: Decimal
    received: Decimal
    rejected: Decimal
    stocked: Decimal


@dataclass(frozen=True, slots=True)
class Layer:
    """What is left of one receipt."""

    order: str
    line: str
    price: Decimal
    units: Decimal


@dataclass(frozen=True, slots=True)
class Count:
    """Units of a part counted at one place on one day."""

    part: str
    day: date
    units: Decimal


def cells_of(file: Path) -> list[list[str]]:
    """The cells of a tab-separated file."""
    return [line.split("\t") for line in file.read_text(encoding="ascii").splitlines()]


def order_lines(folder: Path) -> list[OrderLine]:
    """Every line of the purchase orders."""
    return [
        OrderLine(
            row[0], row[1], row[4], _day(row[2]), Decimal(row[5]), Decimal(row[7]), Decimal(row[8]), Decimal(row[9])
        )
        for row in cells_of(folder / "PurchaseOrderDetail.csv")
    ]


def counts(folder: Path) -> list[Count]:
    """Every count of the shelves."""
    return [Count(row[0], _day(row[6]), Decimal(row[4])) for row in cells_of(folder / "ProductInventory.csv")]


def prices_on(file: Path, day: date) -> dict[str, Decimal]:
    """The price of each part that has one on a day; a row holds from its start until the next of its part."""
    found: dict[str, tuple[date, Decimal]] = {}
    for part, start, _, price, _ in cells_of(file):
        since = _day(start)
        if since <= day and (part not in found or found[part][0] < since):
            found[part] = (since, Decimal(price))
    return {part: price for part, (_, price) in found.items()}


def held_on(lines: list[OrderLine], day: date) -> dict[str, Decimal]:
    """Units received less units rejected of each part, up to the end of a day."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in lines:
        if one.day <= day:
            found[one.part] += one.received - one.rejected
    return dict(found)


def layers_on(lines: list[OrderLine], day: date) -> dict[str, list[Layer]]:
    """The layers of each part at the end of a day: receipts come first on each day, then what is rejected leaves the
    layers of its own order, and the oldest where they do not suffice."""
    layers: dict[str, list[Layer]] = defaultdict(list)
    until = sorted((one for one in lines if one.day <= day), key=lambda one: (one.day, one.order, one.line))
    for _, together in groupby(until, key=lambda one: one.day):
        moved = list(together)
        for one in moved:
            if one.received:
                layers[one.part].append(Layer(one.order, one.line, one.price, one.received))
        for one in moved:
            if one.rejected:
                layers[one.part] = _without(layers[one.part], one.order, one.rejected)
    return layers


def _without(layers: list[Layer], order: str, units: Decimal) -> list[Layer]:
    left = list(layers)
    for own in (True, False):
        for at, layer in enumerate(left):
            if own == (layer.order == order):
                taken = min(units, layer.units)
                left[at] = replace(layer, units=layer.units - taken)
                units -= taken
    assert units == 0, f"order {order} sends back {units} units too many"
    return [layer for layer in left if layer.units]


def to_cents(value: Decimal) -> Decimal:
    """Half up, as the ruleset rounds."""
    return value.quantize(CENT, ROUND_HALF_UP)


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])
