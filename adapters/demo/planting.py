"""Planting problems into the demo's files, each in a pool of its own, so that each can be told from every other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from adapters.demo.catalogue import ACME, BRAVO, CHARLIE, DELTA, ECHO, MONTHS, PARTNERS, PARTS, PRICE_CUTS, book_price
from adapters.demo.deliveries import FileKey, Files, Line, Total, file_of
from adapters.demo.planted import Difference
from adapters.demo.simulation import Rma, Sale, Shipment, World

_PART = {part.code: part for part in PARTS}
_PARTNER = {partner.code: partner for partner in PARTNERS}
_NOISE = Decimal(400)
_WORTH_ASKING = Decimal(600)


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem whose rows are known by their lines, not yet by number; `key` None: nothing is there to point at."""

    name: str
    month: int
    found: str
    by: str
    partner: str
    part: str
    units: int
    key: FileKey | None
    lines: tuple[Line, ...]
    cured: FileKey | None
    note: str
    again: FileKey | None = None
    """For a file delivered twice: the delivery it comes with again."""


@dataclass(slots=True)
class Planting:
    """Files while problems are put into them, and what was put."""

    world: World
    files: Files
    random: Random
    drafts: list[Draft] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def free(self, partner: str, part: str) -> bool:
        """Whether nothing was planted in a pool, and nothing else makes it hard to follow."""
        quiet = not _PART[part].serialised and all(cut.part != part for cut in PRICE_CUTS)
        return quiet and (partner, part) not in self.taken

    def sale(self, month: int, partner: str, fits: Callable[[Sale], bool] = lambda _: True) -> Sale:
        """A sale of a free pool, taking the pool; `fits` narrows the choice."""
        found = [
            sale
            for sale in self.world.sales
            if (sale.month, sale.partner, sale.returned) == (month, partner, False)
            and MONTHS[month].first <= sale.sale_date <= MONTHS[month].last - timedelta(days=4)
            and self.free(sale.partner, sale.part)
            and fits(sale)
        ]
        sale = self.random.choice(found)
        self.taken.add((sale.partner, sale.part))
        return sale

    def difference(self, month: int, partner: str, part: str, units: int, treatment: str) -> None:
        """Expect a difference when a month is hard-closed."""
        self.differences.append(Difference(MONTHS[month].period, partner, part, units, treatment))


def plant(world: World, files: Files, random: Random) -> Planting:
    """Put every problem into the files."""
    planting = Planting(world, files, random)
    _unreported(planting)
    _late_after_hard_close(planting)
    _unexplained(planting)
    _oversell(planting)
    _late_proof(planting)
    _repeated(planting)
    _wrongly_dated(planting)
    _unreadable(planting)
    _unknown_part(planting)
    _missing_report(planting)
    _twice_delivered(planting)
    _habits(planting)
    return planting


def _is_small(sale: Sale) -> bool:
    return Decimal(20) < worth(sale) < _NOISE


def _of_worth(family: str, sale: Sale) -> bool:
    return sale.part.startswith(family) and worth(sale) > _WORTH_ASKING


def worth(sale: Sale) -> Decimal:
    """Units of a sale at the price book's price, in USD."""
    return sale.quantity * book_price(_PART[sale.part], _PARTNER[sale.partner].region, sale.sale_date)


def _draft(
    planting: Planting, name: str, found: str, by: str, sale: Sale, key: FileKey | None, lines: tuple[Line, ...],
    note: str, cured: FileKey | None = None,
) -> None:  # fmt: skip
    about = (sale.partner, sale.part, sale.quantity)
    planting.drafts.append(Draft(name, sale.month, found, by, *about, key, lines, cured, note))


def _drop(planting: Planting, sale: Sale) -> None:
    key = file_of(sale)
    planting.files.lines[key].remove(planting.files.find(key, sale))


def _unreported(planting: Planting) -> None:
    """Sales that nobody reports: two small ones are absorbed, a large one stays a question for ever."""
    for month, partner in ((0, ACME), (1, DELTA)):
        sale = planting.sale(month, partner.code, _is_small)
        _drop(planting, sale)
        planting.difference(month, sale.partner, sale.part, -sale.quantity, "auto-adjust")
        note = "sold and not reported; too small to ask, so it is absorbed"
        _draft(planting, "unreported sell-through", "adjustment", "unreported-sell-through", sale, None, (), note)
    sale = planting.sale(0, ACME.code, partial(_of_worth, "R"))
    _drop(planting, sale)
    for month in range(len(MONTHS)):
        planting.difference(month, sale.partner, sale.part, -sale.quantity, "exception")
    note = "sold and not reported; too large to absorb, so an analyst asks in every close"
    _draft(planting, "unreported sell-through", "siso", "exception", sale, None, (), note)
    lasting = replace(sale, month=2)
    note = "the same units are missing in three closes in a row"
    _draft(planting, "lasting difference", "control", "structural-variance", lasting, None, (), note)


def _late_after_hard_close(planting: Planting) -> None:
    """January sales that BRAVO reports with February's files."""
    to = FileKey(1, False, "bravo-pos", 0)
    for family in ("R", "M"):
        sale = planting.sale(0, BRAVO.code, partial(_of_worth, family))
        line = planting.files.find(file_of(sale), sale)
        planting.files.move(file_of(sale), line, to)
        planting.difference(0, sale.partner, sale.part, -sale.quantity, "exception")
        note = "missing from January's report; the hard-closed month keeps its question"
        _draft(planting, "sale not yet reported", "siso", "exception", sale, None, (), note, cured=to)
        late = replace(sale, month=1)
        note = "a January sale that arrives after January was hard-closed; it is booked in February"
        _draft(planting, "late sale", "late", MONTHS[0].period, late, to, (line,), note)


def _unexplained(planting: Planting) -> None:
    """A customer's return that DELTA does not report: its count is over what it should hold."""
    found = [
        sale
        for sale in planting.world.sales
        if sale.returned
        and (sale.month, sale.partner) == (2, DELTA.code)
        and worth(sale) < _NOISE
        and planting.free(sale.partner, sale.part)
    ]
    sale = planting.random.choice(found)
    planting.taken.add((sale.partner, sale.part))
    _drop(planting, sale)
    planting.difference(2, sale.partner, sale.part, sale.quantity, "auto-adjust")
    note = "a customer's return nobody reported: the count is over what the partner should hold"
    _draft(planting, "unexplained stock", "adjustment", "unexplained-stock", sale, None, (), note)


def _oversell(planting: Planting) -> None:
    """A March delivery that the ERP states only after the first trial close: until then more was sold than held."""
    month = 2
    held = {(count.partner, count.part): count.quantity for count in planting.world.counts if count.month == month}
    arrived = {(one.document, one.line): one for one in planting.world.receipts if one.month == month}
    moved = {(rma.partner, rma.part) for rma in planting.world.rmas if rma.partner == ACME.code}
    found = [
        one
        for one in planting.world.shipments
        if one.partner in (ACME.code, DELTA.code, ECHO.code)
        and one.month == month
        and not one.drop_ship
        and (one.document, one.line) in arrived
        and one.quantity > held[one.partner, one.part]
        and planting.free(one.partner, one.part)
        and (one.partner, one.part) not in moved
    ]
    shipment = planting.random.choice(found)
    receipt = arrived[shipment.document, shipment.line]
    planting.taken.add((shipment.partner, shipment.part))
    to = FileKey(month, True, "shipments", month)
    planting.files.move(file_of(shipment), planting.files.find(file_of(shipment), shipment), to)
    planting.files.move(
        file_of(receipt), planting.files.find(file_of(receipt), receipt), FileKey(month, True, "receipts", month)
    )
    short = shipment.quantity - held[shipment.partner, shipment.part]
    note = "sold more than it had: a delivery was not in the ERP's file; the correction brings it"
    planting.drafts.append(
        Draft("oversell", month, "control", "oversell", shipment.partner, shipment.part, short, None, (), to, note)
    )


def _late_proof(planting: Planting) -> None:
    """Goods ACME has, whose proof of delivery comes a month late: the ruleset assumes the receipt."""
    month = 2
    shipped = {(one.document, one.line): one for one in planting.world.shipments}
    last = MONTHS[month].last - timedelta(days=ACME.transit_days)
    found = [
        one
        for one in planting.world.receipts
        if (one.partner, one.month) == (ACME.code, month)
        and shipped[one.document, one.line].ship_date <= last
        and shipped[one.document, one.line].month == month
        and planting.free(one.partner, one.part)
    ]
    receipt = planting.random.choice(found)
    planting.taken.add((receipt.partner, receipt.part))
    to = FileKey(month + 1, False, "receipts", month + 1)
    planting.files.move(file_of(receipt), planting.files.find(file_of(receipt), receipt), to)
    shipment = shipped[receipt.document, receipt.line]
    key = file_of(shipment)
    line = planting.files.find(key, shipment)
    note = "received, but the carrier's proof comes a month late: the receipt is assumed and taken back"
    planting.drafts.append(
        Draft(
            "missing proof of delivery", month, "adjustment", "assumed-receipt", receipt.partner, receipt.part,
            receipt.quantity, key, (line,), to, note,
        )
    )  # fmt: skip


def _repeated(planting: Planting) -> None:
    """Sales stated twice: under a new line number, in a later file, or word for word."""
    files = planting.files
    for month, partner in ((0, ACME), (0, ACME), (2, ECHO)):
        sale = planting.sale(month, partner.code)
        again = files.add(file_of(sale), Line(replace(sale, line=f"9{sale.line}")))
        first = files.find(file_of(sale), sale)
        note = "the same sale under a second line number of the same invoice"
        _draft(planting, "duplicate sale", "adjustment", "duplicate-pos", sale, file_of(sale), (first, again), note)
    sale = planting.sale(0, BRAVO.code)
    later = FileKey(1, False, "bravo-pos", 1)
    again = files.add(later, Line(replace(sale, month=1, line=f"9{sale.line}")))
    note = "a January sale stated again in February's file under a second line number"
    _draft(planting, "duplicate sale", "adjustment", "duplicate-pos", replace(sale, month=1), later, (again,), note)
    sale = planting.sale(1, ACME.code)
    again = files.add(file_of(sale), Line(sale))
    note = "a row word for word the same as another of its file"
    _draft(planting, "repeated row", "quarantine", "the same row as line", sale, file_of(sale), (again,), note)


def _wrongly_dated(planting: Planting) -> None:
    """Sales whose year is mistyped; the report's month is right."""
    for month, partner, year, by in (
        (2, BRAVO, 2027, "dated-after-its-report"),
        (1, CHARLIE, 2025, "dated-long-before-its-report"),
    ):
        sale = planting.sale(month, partner.code)
        key = file_of(sale)
        mistyped = sale.sale_date.replace(year=year)
        line = _put(planting, sale, Line(replace(sale, sale_date=mistyped)))
        note = f"dated {mistyped} in the report of {MONTHS[month].label}"
        _draft(planting, "sale dated in the wrong period", "adjustment", by, sale, key, (line,), note)


def _put(planting: Planting, sale: Sale, instead: Line) -> Line:
    """Put a row in the place of a sale's row."""
    key = file_of(sale)
    return planting.files.replace(key, planting.files.find(key, sale), instead)


def _unreadable(planting: Planting) -> None:
    """Dates that do not exist or are written another way, and a quantity with a letter; corrected rows follow."""
    for month, partner, field_name, cell, by in (
        (0, BRAVO, "date", "31.02.2026", "is not a date"),
        (0, ECHO, "date", "2026-01-15", "is not a date"),
        (1, DELTA, "quantity", "l2", "unreadable"),
        (2, CHARLIE, "date", "20261345", "is not a date"),
    ):
        sale = planting.sale(month, partner.code)
        key = file_of(sale)
        line = _put(planting, sale, Line(sale, ((field_name, cell),)))
        cured = FileKey(month, True, key.feed, month)
        planting.files.add(cured, Line(sale))
        name = "malformed date" if field_name == "date" else "malformed number"
        _draft(planting, name, "quarantine", by, sale, key, (line,), f'"{cell}"; the correction repeats the row', cured)


def _unknown_part(planting: Planting) -> None:
    """A row of a part that is not ours."""
    sale = planting.sale(1, ACME.code)
    foreign = replace(sale, invoice="AC599999", part="X-900", serial="", authorisation="")
    line = planting.files.add(file_of(sale), Line(foreign))
    note = "a part we do not sell"
    _draft(planting, "unknown part", "quarantine", "is not a known part", foreign, file_of(sale), (line,), note)


def _missing_report(planting: Planting) -> None:
    """BRAVO's February count comes only with the corrections."""
    month = 1
    key, to = FileKey(month, False, "bravo-stock", month), FileKey(month, True, "bravo-stock", month)
    planting.files.lines[to] = planting.files.lines.pop(key)
    note = "no stock report before the first trial close"
    planting.drafts.append(
        Draft("missing stock report", month, "control", "no-report", BRAVO.code, "", 0, None, (), to, note)
    )


def _twice_delivered(planting: Planting) -> None:
    """Files that arrive a second time, byte for byte."""
    for key, again in (
        (FileKey(0, False, "acme-pos", 0), FileKey(1, False, "acme-pos", 0)),
        (FileKey(2, False, "receipts", 2), FileKey(2, True, "receipts", 2)),
    ):
        note = "the same content under another name: nothing is done"
        planting.drafts.append(
            Draft("file delivered twice", again.month, "load", "same content", "", "", 0, key, (), None, note, again)
        )


def _habits(planting: Planting) -> None:
    """What partners do in every month: invoices of the next month, a TOTAL row; goods past the partner; goodwill."""
    for month, about in enumerate(MONTHS):
        key = FileKey(month, False, "delta-pos", month)
        late = [line for line in planting.files.lines[key] if _after(line, about.last)]
        units = sum(line.record.quantity for line in late)
        note = "goods that left in the last two days of the month, invoiced in the next"
        planting.drafts.append(
            Draft("late cut-off", month, "adjustment", "late-pos", DELTA.code, "", units, key, tuple(late), None, note)
        )
        sales = FileKey(month, False, "echo-pos", month)
        units = sum(line.record.quantity for line in planting.files.lines[sales])
        total = planting.files.add(sales, Line(Total(units)))
        note = "the last line of the file is a sum, not a sale"
        planting.drafts.append(
            Draft(
                "TOTAL row",
                month,
                "quarantine",
                "looks like a total",
                ECHO.code,
                "",
                units,
                sales,
                (total,),
                None,
                note,
            )
        )
    for shipment in planting.world.shipments:
        if shipment.drop_ship:
            planting.drafts.append(_shown("drop shipment", "adjustment", "drop-ship-is-sold", planting, shipment))
    for rma in planting.world.rmas:
        if rma.partner == ECHO.code and rma.credited:
            planting.drafts.append(_shown("return without a right", "control", "return-without-right", planting, rma))


def _after(line: Line, day: date) -> bool:
    return isinstance(line.record, Sale) and line.record.sale_date > day and line.record.sale_date.year == day.year


def _shown(name: str, found: str, by: str, planting: Planting, record: Shipment | Rma) -> Draft:
    key = file_of(record)
    line = planting.files.find(key, record)
    return Draft(name, record.month, found, by, record.partner, record.part, record.quantity, key, (line,), None, name)
