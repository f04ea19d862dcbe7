"""SAP's stock before each line (LBKUM) held against ours; for each line that differs the reason, read from the data.

Time in the language is counted in days, and SAP counts stock line by line; so the lines are walked here, over the facts
that the client's configuration loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Any

Pool = tuple[str, str]
Row = dict[str, Any]


class Reason(StrEnum):
    """Why our stock before a line is not SAP's."""

    OPENING = "stock from before the extract begins"
    SAME_DOCUMENT = "SAP states the stock before the document, not before the line"
    ALTERED = "quantities of earlier lines were altered after posting"
    COPY = "copy of an earlier line under a new number"
    COPY_WITHOUT_HEADER = "copy of an earlier line, without a document header"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Movement:
    """One line that moves valuated stock: quantity and amount signed, what SAP stated before it, when it was posted."""

    plant: str
    part: str
    document: str
    line: str
    quantity: Decimal
    amount: Decimal
    stock_before: Decimal
    value_before: Decimal
    at_standard: bool
    posted: tuple[Any, ...]
    has_header: bool

    @property
    def pool(self) -> Pool:
        """What stock is kept by: plant and part."""
        return self.plant, self.part

    @property
    def content(self) -> tuple[Any, ...]:
        """What two lines of SAP's own cannot share: the second of posting, the amount, and the stock they met."""
        return self.pool, self.posted, self.line, self.amount, self.stock_before, self.value_before


@dataclass(frozen=True, slots=True)
class Difference:
    """A line before which we hold other units than SAP states, why, and what in the data says so."""

    movement: Movement
    held: Decimal
    reason: Reason
    evidence: str


def movements(receipts: Iterable[Row], removals: Iterable[Row], headers: set[str]) -> list[Movement]:
    """The lines that move stock in the order of their numbers."""
    signed = [*((row, 1) for row in receipts), *((row, -1) for row in removals)]
    found = [
        Movement(
            row["plant"],
            row["part"],
            row["document"],
            row["line"],
            sign * row["quantity"],
            sign * row["amount"],
            row["stock-before"],
            row["value-before"],
            row["price-control"] == "standard-price",
            (row["posting-date"], row["entry-date"], row["entry-time"]),
            row["document"] in headers,
        )
        for row, sign in signed
    ]
    return sorted(found, key=lambda one: (int(one.document), int(one.line)))


def differences(lines: Sequence[Movement]) -> list[Difference]:
    """Every line before which we hold other units than SAP states, in the order of the lines."""
    first: dict[tuple[Any, ...], Movement] = {}
    pools: dict[Pool, list[Movement]] = defaultdict(list)
    found: list[Difference] = []
    for line in lines:
        earlier = pools[line.pool]
        held = sum((one.quantity for one in earlier), Decimal(0))
        if held != line.stock_before:
            found.append(Difference(line, held, *_reason(line, earlier, first.get(line.content))))
        first.setdefault(line.content, line)
        earlier.append(line)
    return found


def originals(lines: Sequence[Movement]) -> list[Movement]:
    """The lines without those that copy an earlier one."""
    first: dict[tuple[Any, ...], Movement] = {}
    for line in lines:
        first.setdefault(line.content, line)
    return list(first.values())


def roll_undone(lines: Sequence[Movement]) -> tuple[dict[Pool, Decimal], dict[Pool, Decimal], list[Movement]]:
    """Units and value of each part after the last line, and the lines before which SAP states others.

    The reasons are undone: copies are left out, quantities are what the amounts stand for, the first line of a part
    says what was there before, and a document's lines all meet the stock before it.
    """
    kept = originals(lines)
    prices = {line.pool: price for line in kept if (price := standard_price(line)) is not None}
    units: dict[Pool, Decimal] = {}
    value: dict[Pool, Decimal] = {}
    wrong: list[Movement] = []
    for _, document in groupby(kept, key=lambda line: line.document):
        together = list(document)
        for line in together:
            stated = (line.stock_before, line.value_before)
            if (units.setdefault(line.pool, stated[0]), value.setdefault(line.pool, stated[1])) != stated:
                wrong.append(line)
        for line in together:
            units[line.pool] += quantity_posted(line, prices.get(line.pool))
            value[line.pool] += line.amount
    return units, value, wrong


def _reason(line: Movement, earlier: Sequence[Movement], copied: Movement | None) -> tuple[Reason, str]:
    if copied is not None:
        reason = Reason.COPY if line.has_header else Reason.COPY_WITHOUT_HEADER
        return reason, f"document {copied.document}: same second, amount, stock and value before"
    if not earlier:
        return Reason.OPENING, f"first line of {line.part}"
    own = [one for one in earlier if one.document == line.document]
    before = sum((one.quantity for one in earlier if one.document != line.document), Decimal(0))
    if own and before == line.stock_before:
        return Reason.SAME_DOCUMENT, f"line {own[0].line} of the document moved {own[0].quantity:f}"
    value = sum((one.amount for one in earlier), Decimal(0))
    altered = [one for one in earlier if quantity_posted(one, standard_price(line)) != one.quantity]
    if line.at_standard and altered and value == line.value_before:
        return Reason.ALTERED, f"amounts still agree; {len(altered)} earlier quantities are not amount / price"
    return Reason.UNEXPLAINED, ""


def standard_price(line: Movement) -> Decimal | None:
    """What SAP's own stock and value before a line say a unit is worth, None where it had none or has no such price."""
    if not line.at_standard or not line.stock_before:
        return None
    return line.value_before / line.stock_before


def quantity_posted(line: Movement, price: Decimal | None) -> Decimal:
    """The quantity that a line's amount stands for at a price; its own quantity where there is none."""
    return line.quantity if price is None else line.amount / price


def as_table(found: Sequence[Difference]) -> str:
    """One row for each difference, for people."""
    heading = ("document", "line", "part", "moves", "we hold", "SAP states", "reason", "evidence")
    rows = [heading] + [
        (
            one.movement.document,
            one.movement.line,
            one.movement.part,
            f"{one.movement.quantity.normalize():f}",
            f"{one.held.normalize():f}",
            f"{one.movement.stock_before.normalize():f}",
            str(one.reason),
            one.evidence,
        )
        for one in found
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(heading))]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(row).rstrip() for row in padded)
