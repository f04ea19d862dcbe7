"""How each sender writes its files: separators, headers, dates, numbers, signs, trailers.

`client.yaml` of the demo client declares the same from the reader's side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.demo.catalogue import PARTNERS, PARTS
from adapters.demo.deliveries import Line, Total

_PART = {part.code: part for part in PARTS}
_NUMBER = {partner.code: partner.number for partner in PARTNERS}
_NAMES = {"R": "Funkgerät", "A": "Antenne", "M": "Modem", "C": "Chip", "W": "Kabel für Gerät", "S": "Fühler"}
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Format:
    """One sender's way to write one kind of row.

    `name` is the file's name without its dates; `top` the lines above the first row; `cells` writes one row;
    `bottom`, from all rows, the lines below the last.
    """

    name: str
    separator: str
    top: tuple[str, ...]
    cells: Callable[[Line], Cells]
    encoding: str = "utf-8"
    quoted: bool = False
    line_end: str = "\n"
    bottom: Callable[[Sequence[Line]], Cells | None] = lambda _: None

    def written(self, lines: Sequence[Line]) -> bytes:
        """The file's content."""
        rows = [self.cells(line) for line in lines]
        last = self.bottom(lines)
        text = [*self.top, *(self._joined(row) for row in rows), *([self._joined(last)] if last is not None else [])]
        return "".join(line + self.line_end for line in text).encode(self.encoding)

    def row_number(self, lines: Sequence[Line], line: Line) -> int:
        """The physical line of a row, from 1."""
        return len(self.top) + lines.index(line) + 1

    def _joined(self, cells: Cells) -> str:
        return self.separator.join(f'"{cell}"' if self.quoted else cell for cell in cells)


def _raw(line: Line) -> Mapping[str, str]:
    return dict(line.raw)


def _record(line: Line) -> Any:
    return line.record


def _iso(day: date) -> str:
    return day.isoformat()


def _german_date(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _american_date(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def _packed_date(day: date) -> str:
    return f"{day:%Y%m%d}"


def _spoken_date(day: date) -> str:
    return f"{day.day}-{_MONTH_NAMES[day.month - 1]}-{day.year}"


def _german_number(number: Decimal | int) -> str:
    return f"{number:,}".replace(",", " ").replace(".", ",").replace(" ", ".")


def _english_number(number: Decimal | int) -> str:
    return f"{number:,}"


def _flag(on: bool) -> str:
    return "X" if on else ""


# ---- our ERP and our carrier -------------------------------------------------------------------------------------


def _opening(line: Line) -> Cells:
    one = _record(line)
    return [one.document, one.line, _NUMBER[one.partner], one.part, one.serial, str(one.quantity), _iso(one.ship_date),
            str(one.unit_price), str(_PART[one.part].standard_cost)]  # fmt: skip


def _shipment(line: Line) -> Cells:
    one = _record(line)
    return [one.document, one.line, _NUMBER[one.partner], one.part, one.serial, str(one.quantity), str(one.price),
            str(one.cost), _iso(one.ship_date), _flag(one.promotional), _flag(one.drop_ship)]  # fmt: skip


def _receipt(line: Line) -> Cells:
    one = _record(line)
    hour = 8 + len(one.document + one.part) % 9
    return [one.document, one.line, _NUMBER[one.partner], one.part, one.serial, str(one.quantity),
            f"{_iso(one.receipt_date)} {hour:02d}:30:00"]  # fmt: skip


def _rma(line: Line) -> Cells:
    one = _record(line)
    if not one.credited:
        return ["S", one.rma, one.line, _NUMBER[one.partner], one.part, str(one.quantity), _iso(one.day), "", "", ""]
    return ["C", one.rma, one.line, _NUMBER[one.partner], one.part, str(one.quantity), _iso(one.day),
            str(one.credit_price), one.document, one.reason]  # fmt: skip


# ---- ACME: comma, ISO dates, one file for sales and returns, a trailer with control totals ------------------------


def _acme_pos(line: Line) -> Cells:
    one, raw = _record(line), _raw(line)
    price = "" if one.returned else str(one.price)
    quantity = raw.get("quantity", str(one.quantity))
    return [one.invoice, one.line, "R" if one.returned else "S", one.part, one.serial, quantity, price,
            one.authorisation, one.seller, raw.get("date", _iso(one.sale_date))]  # fmt: skip


def _acme_trailer(lines: Sequence[Line]) -> Cells:
    units = sum(line.record.quantity for line in lines)
    return ["TRAILER", str(len(lines)), "", "", "", str(units), "", "", "", ""]


def _acme_stock(line: Line) -> Cells:
    one = _record(line)
    return [one.part, str(one.quantity), str(one.unit_cost)]


# ---- BRAVO: semicolons, German words, decimal comma, Windows encoding, returns in a file of their own --------------


def _bravo_pos(line: Line) -> Cells:
    one, raw = _record(line), _raw(line)
    name = f"{_NAMES[one.part[0]]} {one.part}"
    return [one.invoice, one.line, one.part, name, one.serial, raw.get("quantity", _german_number(one.quantity)),
            _german_number(one.price), raw.get("date", _german_date(one.sale_date))]  # fmt: skip


def _bravo_returns(line: Line) -> Cells:
    one = _record(line)
    return [one.invoice, one.line, one.part, _german_number(one.quantity), _german_date(one.sale_date)]


def _bravo_stock(line: Line) -> Cells:
    one = _record(line)
    return [one.part, _german_number(one.quantity), _german_date(one.as_of)]


# ---- CHARLIE: pipes, no header, packed dates, returns are negative --------------------------------------------------


def _charlie_pos(line: Line) -> Cells:
    one, raw = _record(line), _raw(line)
    quantity = -one.quantity if one.returned else one.quantity
    return [one.invoice, one.line, one.part, one.serial, raw.get("quantity", str(quantity)), str(one.price),
            raw.get("date", _packed_date(one.sale_date))]  # fmt: skip


def _charlie_stock(line: Line) -> Cells:
    one = _record(line)
    return [one.part, str(one.quantity), _packed_date(one.as_of)]


# ---- DELTA: tabs, its own part numbers, American dates, a minus behind the number -----------------------------------


def _delta_pos(line: Line) -> Cells:
    one, raw = _record(line), _raw(line)
    quantity = f"{one.quantity}-" if one.returned else str(one.quantity)
    return [one.invoice, one.line, _PART[one.part].delta_number, one.serial, raw.get("quantity", quantity),
            raw.get("date", _american_date(one.sale_date))]  # fmt: skip


def _delta_stock(line: Line) -> Cells:
    one = _record(line)
    return [_PART[one.part].delta_number, str(one.quantity), _american_date(one.as_of)]


def _delta_end(lines: Sequence[Line]) -> Cells:
    units = sum(line.record.quantity for line in lines)
    return ["END", str(units), str(len(lines))]


# ---- ECHO: a title above the header, everything quoted, a TOTAL nobody agreed to ------------------------------------


def _echo_pos(line: Line) -> Cells:
    one, raw = _record(line), _raw(line)
    if isinstance(one, Total):
        return ["TOTAL", "", "", "", "", _english_number(one.quantity), "", ""]
    return [one.invoice, one.line, "RETURN" if one.returned else "SALE", one.part, one.serial,
            raw.get("quantity", _english_number(one.quantity)), _english_number(one.price),
            raw.get("date", _spoken_date(one.sale_date))]  # fmt: skip


def _echo_stock(line: Line) -> Cells:
    one = _record(line)
    return [one.part, _english_number(one.quantity), _english_number(one.unit_cost)]


_ECHO_TITLE = ('"ECHO Distribution S.A."', '"Sell-out report"', '""')

FORMATS: dict[str, Format] = {
    "opening-stock": Format(
        "erp_opening_stock",
        ",",
        ("Delivery,Item,Sold-to,Material,Serial,Quantity,Goods issue,Net price,Standard cost",),
        _opening,
    ),
    "shipments": Format(
        "erp_shipments",
        ",",
        ("Delivery,Item,Sold-to,Material,Serial,Quantity,Net price,Standard cost,Goods issue,Promotion,Third party",),
        _shipment,
    ),
    "receipts": Format(
        "carrier_pod",
        ";",
        ("Delivery;Item;Consignee;Material;Serial;Quantity;Delivered at",),
        _receipt,
        line_end="\r\n",
    ),
    "rma": Format(
        "erp_rma",
        ",",
        ("Movement,RMA,Item,Sold-to,Material,Quantity,Date,Credit price,Reference delivery,Reason",),
        _rma,
    ),
    "acme-pos": Format(
        "acme_pos",
        ",",
        ("Invoice,Line,Type,SKU,Serial,Qty,Resale Price,Debit,Rep,Sale Date",),
        _acme_pos,
        bottom=_acme_trailer,
    ),
    "acme-stock": Format(
        "acme_stock",
        ",",
        ("SKU,On Hand,Last Cost",),
        _acme_stock,
    ),
    "bravo-pos": Format(
        "bravo_verkauf",
        ";",
        ("Rechnung;Pos;Artikel;Bezeichnung;Seriennr;Menge;VK-Preis;Verkaufsdatum",),
        _bravo_pos,
        encoding="cp1252",
        line_end="\r\n",
    ),
    "bravo-returns": Format(
        "bravo_retouren",
        ";",
        ("Gutschrift;Pos;Artikel;Menge;Rückgabedatum",),
        _bravo_returns,
        encoding="cp1252",
        line_end="\r\n",
    ),
    "bravo-stock": Format(
        "bravo_bestand",
        ";",
        ("Artikel;Bestand;Stichtag",),
        _bravo_stock,
        encoding="cp1252",
        line_end="\r\n",
    ),
    "charlie-pos": Format(
        "CHARLIE_SALES",
        "|",
        (),
        _charlie_pos,
    ),
    "charlie-stock": Format(
        "CHARLIE_STOCK",
        "|",
        (),
        _charlie_stock,
    ),
    "delta-pos": Format(
        "delta_pos",
        "\t",
        ("Ref\tLn\tOur Part\tMfr Serial\tUnits\tInvoiced",),
        _delta_pos,
    ),
    "delta-stock": Format(
        "delta_on_hand",
        "\t",
        ("Our Part\tUnits\tCounted",),
        _delta_stock,
        bottom=_delta_end,
    ),
    "echo-pos": Format(
        "echo_sell_out",
        ",",
        (*_ECHO_TITLE, '"Invoice","Line","Movement","Part","Serial","Units","Unit price","Date"'),
        _echo_pos,
        quoted=True,
    ),
    "echo-stock": Format(
        "echo_stock",
        ",",
        (*_ECHO_TITLE, '"Part","Units","Unit cost"'),
        _echo_stock,
        quoted=True,
    ),
}
"""Every feed of the demo client that states what happened."""
