"""Reads the demo client's raw files on its own, so that the generator is not checked with its own code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

NUMBERS = {"100010": "ACME", "100020": "BRAVO", "100030": "CHARLIE", "100040": "DELTA", "100050": "ECHO"}
MONTH_ENDS = {
    "2026-01": date(2026, 1, 31),
    "2026-02": date(2026, 2, 28),
    "2026-03": date(2026, 3, 31),
    "2026-04": date(2026, 4, 30),
}


KINDS_PLANTED = (
    "TOTAL row",
    "drop shipment",
    "duplicate sale",
    "file delivered twice",
    "lasting difference",
    "late cut-off",
    "late sale",
    "malformed date",
    "malformed number",
    "missing proof of delivery",
    "missing stock report",
    "oversell",
    "repeated row",
    "return without a right",
    "sale dated in the wrong period",
    "sale not yet reported",
    "unexplained stock",
    "unknown part",
    "unreported sell-through",
)
"""Every kind of problem that the demo plants, by the name its page gives it."""
LATER_KINDS = (
    "lasting difference",
    "missing proof of delivery",
    "oversell",
    "return without a right",
    "unexplained stock",
)
"""Those of them that are planted in the third month or the fourth."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row as read: `folder` is the delivery, `month` that of the file's name, `key` what identifies the row."""

    folder: str
    month: str
    file: str
    row: int
    what: str
    partner: str
    part: str
    quantity: int
    day: date
    key: tuple[str, ...]
    note: str = ""


Cells = Sequence[str]
Made = tuple[str, str, str, int, date, tuple[str, ...], str]


def _day(text: str, form: str) -> date:
    return datetime.strptime(text, form).date()  # noqa: DTZ007


def _part_of_delta(number: str) -> str:
    family, rest = int(number[3:5]), number[5:]
    return f"{chr(family)}-{rest}"


def _opening(c: Cells, _: str) -> Made:
    return "opening", NUMBERS[c[2]], c[3], int(c[5]), date(2026, 1, 1), (c[0], c[1], c[4]), ""


def _shipment(c: Cells, _: str) -> Made:
    what = "drop-ship" if c[10] == "X" else "shipment"
    return what, NUMBERS[c[2]], c[3], int(c[5]), date.fromisoformat(c[8]), (c[0], c[1], c[4]), c[6]


def _receipt(c: Cells, _: str) -> Made:
    return "receipt", NUMBERS[c[2]], c[3], int(c[5]), date.fromisoformat(c[6][:10]), (c[0], c[1], c[4]), ""


def _rma(c: Cells, _: str) -> Made:
    what = "sent-back" if c[0] == "S" else "credited"
    return what, NUMBERS[c[3]], c[4], int(c[5]), date.fromisoformat(c[6]), (c[0], c[1], c[2]), c[8]


def _acme(c: Cells, _: str) -> Made:
    what = {"S": "sale", "R": "return"}[c[2]]
    return what, "ACME", c[3], int(c[5]), date.fromisoformat(c[9]), (c[0], c[1]), c[6]


def _bravo(c: Cells, _: str) -> Made:
    return "sale", "BRAVO", c[2], int(c[5].replace(".", "")), _day(c[7], "%d.%m.%Y"), (c[0], c[1]), c[6]


def _bravo_returns(c: Cells, _: str) -> Made:
    return "return", "BRAVO", c[2], int(c[3].replace(".", "")), _day(c[4], "%d.%m.%Y"), (c[0], c[1]), ""


def _charlie(c: Cells, _: str) -> Made:
    units = int(c[4])
    return "sale" if units > 0 else "return", "CHARLIE", c[2], abs(units), _day(c[6], "%Y%m%d"), (c[0], c[1]), c[5]


def _delta(c: Cells, _: str) -> Made:
    what, units = ("return", c[4][:-1]) if c[4].endswith("-") else ("sale", c[4])
    return what, "DELTA", _part_of_delta(c[2]), int(units), _day(c[5], "%m/%d/%Y"), (c[0], c[1]), ""


def _echo(c: Cells, _: str) -> Made:
    what = {"SALE": "sale", "RETURN": "return"}[c[2]]
    return what, "ECHO", c[3], int(c[5].replace(",", "")), _day(c[7], "%d-%b-%Y"), (c[0], c[1]), c[6]


def _count(partner: str, form: str, delta: bool = False) -> Callable[[Cells, str], Made]:
    def read(c: Cells, month: str) -> Made:
        day = _day(c[2], form) if form else MONTH_ENDS[month]
        part = _part_of_delta(c[0]) if delta else c[0]
        return "count", partner, part, int(c[1].replace(".", "").replace(",", "")), day, (part,), ""

    return read


_READERS: dict[str, tuple[str, int, str, Callable[[Cells, str], Made]]] = {
    "erp_opening_stock": (",", 1, "utf-8", _opening),
    "erp_shipments": (",", 1, "utf-8", _shipment),
    "carrier_pod": (";", 1, "utf-8", _receipt),
    "erp_rma": (",", 1, "utf-8", _rma),
    "acme_pos": (",", 1, "utf-8", _acme),
    "acme_stock": (",", 1, "utf-8", _count("ACME", "")),
    "bravo_verkauf": (";", 1, "cp1252", _bravo),
    "bravo_retouren": (";", 1, "cp1252", _bravo_returns),
    "bravo_bestand": (";", 1, "cp1252", _count("BRAVO", "%d.%m.%Y")),
    "CHARLIE_SALES": ("|", 0, "ascii", _charlie),
    "CHARLIE_STOCK": ("|", 0, "ascii", _count("CHARLIE", "%Y%m%d")),
    "delta_pos": ("\t", 1, "utf-8", _delta),
    "delta_on_hand": ("\t", 1, "utf-8", _count("DELTA", "%m/%d/%Y", delta=True)),
    "echo_sell_out": (",", 4, "utf-8", _echo),
    "echo_stock": (",", 4, "utf-8", _count("ECHO", "")),
}


def lines_of(path: Path) -> list[str]:
    """The physical lines of a file, without line ends."""
    encoding = "cp1252" if path.name.startswith("bravo") else "utf-8"
    return path.read_bytes().decode(encoding).splitlines()


def read_facts(folder: Path) -> tuple[list[Fact], list[tuple[str, int]]]:
    """Every row that reads, and (file, row) of every one that does not, trailers left out; deliveries in order."""
    facts: list[Fact] = []
    unread: list[tuple[str, int]] = []
    for delivery in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(delivery.iterdir()):
            name, month = path.name.partition("_2026-")[0], path.name.partition("_2026-")[2][:2]
            if name not in _READERS or " (1)" in path.name:
                continue
            for row, made in _rows(path, name, f"2026-{month}"):
                file = f"{delivery.name}/{path.name}"
                if made is None:
                    unread.append((file, row))
                else:
                    facts.append(Fact(delivery.name, f"2026-{month}", file, row, *made))
    return facts, unread


def _rows(path: Path, name: str, month: str) -> Iterator[tuple[int, Made | None]]:
    separator, top, _, make = _READERS[name]
    for row, line in enumerate(lines_of(path), 1):
        if row <= top or line.startswith(("TRAILER", "END\t")):
            continue
        cells = line[1:-1].split('","') if line.startswith('"') else line.split(separator)
        try:
            yield row, make(cells, month)
        except (ValueError, KeyError, IndexError):
            yield row, None


def prices(folder: Path) -> dict[tuple[str, str], Decimal]:
    """The price book's first price of each part and region."""
    found = {}
    for line in lines_of(next((folder / "2026-01").glob("erp_prices*")))[1:]:
        kind, part, region, _, price = line.split(",")
        if kind == "LIST":
            found[part, region] = Decimal(price)
    return found
