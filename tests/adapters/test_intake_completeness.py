"""No row is lost: received = accepted + quarantined, by count and by total, on generated files with planted damage.

The rows of a file are counted by a counter of bytes that shares nothing with intake, and the damage is known because
it was planted. Each file is a seed; TIEOUT_INTAKE_FILES asks for more of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from adapters.feeds.report import Outcome
from tests.support.channel_client import HEAD, Folder

FILES = int(os.environ.get("TIEOUT_INTAKE_FILES", "50"))
PARTS = [f"P{number}" for number in range(9)]
FEEDS = """
  - name: acme-pos
    files: "acme_pos_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: QTY
    only: {column: SKU, is-not: MEMO}
    fills:
      record: pos-sale
      columns: {partner: {constant: ACME}, invoice-number: INV, sale-date: DATE, part: SKU, quantity: QTY}
  - name: parts
    files: parts.csv
    delimited: {separator: comma, encoding: utf-8}
    fills: {record: part, columns: {code: CODE, date: {constant: "2026-01-01"}}}
"""

Cells = list[str]
Damage = Callable[[random.Random, Cells], bytes]


@dataclass(frozen=True, slots=True)
class Planted:
    """A generated file: its bytes, how many rows are good, bad and set aside, and the quantity of the good ones."""

    data: bytes
    good: int
    bad: int
    aside: int
    quantity: Decimal


def line(cells: Cells) -> bytes:
    return ",".join(cells).encode()


def changed(place: int, *values: str) -> Damage:
    """Damage that puts one of some texts in a cell."""

    def damage(chance: random.Random, cells: Cells) -> bytes:
        return line([*cells[:place], chance.choice(values), *cells[place + 1 :]])

    return damage


DAMAGE: dict[str, Damage] = {
    "cell dropped": lambda chance, cells: line(cells[: chance.randrange(1, 4)]),
    "cell added": lambda chance, cells: line([*cells, chance.choice(["", "x"])]),
    "empty line": lambda _chance, _cells: b"",
    "blank line": lambda _chance, _cells: b"   ",
    "stray quote": lambda _chance, cells: line([cells[0] + '"', *cells[1:]]),
    "open quote": lambda _chance, cells: line(['"' + cells[0], *cells[1:]]),
    "NUL": lambda _chance, cells: line([cells[0] + "\0", *cells[1:]]),
    "carriage return inside": lambda _chance, cells: line([cells[0] + "\r", *cells[1:]]),
    "number": changed(3, "12O", "1e3", "1_000", " 5", "--5", "0x1F", "nan", "1.2.3", "٣", "5-", "1.00001"),
    "thousands": changed(3, '"1,000"', "1 000"),
    "negative": changed(3, "-1", "-0.5"),
    "too large": changed(3, "9" * 16, "9" * 60),
    "date": changed(1, "2026-02-30", "2026-13-01", "02/03/2026", "2026-2-3", "tomorrow", "2026-02-03 ", "1026-02-03"),
    "missing": lambda chance, cells: line([cell if at != 1 else "" for at, cell in enumerate(cells)]),
    "unknown part": changed(2, "P99", "p1", "P1 "),
    "total": lambda chance, _cells: line(["TOTAL", "", "", str(chance.randrange(999))]),
}


def planted(seed: int) -> Planted:
    """The file of a seed."""
    chance = random.Random(seed)
    rows: list[bytes] = []
    counts = {"good": 0, "bad": 0, "aside": 0}
    quantity = Decimal(0)
    for number in range(chance.randrange(40)):
        amount = Decimal(chance.randrange(100_000)) / chance.choice([1, 10, 1000])
        cells = [f"{seed}-{number}", f"2026-02-{chance.randrange(1, 29):02d}", chance.choice(PARTS), f"{amount:f}"]
        kind = chance.random()
        if kind < 0.4:
            rows.append(chance.choice(list(DAMAGE.values()))(chance, cells))
            counts["bad"] += 1
        elif kind < 0.45:
            rows.append(line([*cells[:2], "MEMO", "any"]))
            counts["aside"] += 1
        else:
            good = line([f'"{cell}"' if chance.random() < 0.2 else cell for cell in cells])
            copies = chance.choice([1, 1, 1, 1, 2, 3])
            rows += [good] * copies
            counts["good"] += 1
            counts["bad"] += copies - 1
            quantity += amount
    while rows and not rows[-1]:
        rows.pop()
        counts["bad"] -= 1
    end = chance.choice([b"\n", b"\r\n"])
    data = end.join([HEAD.encode(), *rows]) + end * chance.randrange(3)
    return Planted(data, counts["good"], counts["bad"], counts["aside"], quantity)


def lines_below_header(data: bytes) -> int:
    """Rows of a file, counted byte by byte: line feeds behind the header up to the last byte that ends no line."""
    last = max(at for at, byte in enumerate(data) if byte not in b"\r\n")
    return sum(1 for byte in data[: last + 1] if byte == 0x0A)


def test_every_row_of_every_file_is_accounted_for(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.configure(FEEDS)
    folder.deliver("parts.csv", "CODE\n" + "\n".join(PARTS) + "\n")
    made = {f"acme_pos_{seed:05d}.csv": planted(seed) for seed in range(FILES)}
    files = {name: file for name, file in made.items() if file.good}
    for name, file in files.items():
        folder.deliver(name, file.data)
    report = folder.load()
    taken = {file.name: file for file in report.files if file.feed == "acme-pos" and file.outcome is Outcome.LOADED}
    refused = {file.name: file.message for file in report.refused}
    assert len(taken) == len(files), refused
    for name, file in files.items():
        found = taken[name]
        assert found.received + found.set_aside == lines_below_header(file.data), name
        assert found.received == found.accepted + found.quarantined, name
        assert (found.accepted, found.quarantined, found.set_aside) == (file.good, file.bad, file.aside), name
        assert sum(count for _, count in found.reasons) == found.quarantined, name
        [total] = found.totals
        assert total.received == total.accepted + total.quarantined, name
        assert total.accepted == file.quantity, name
    facts = folder.facts("pos-sale")
    assert len(facts) == sum(file.good for file in files.values())
    assert sum(fact["quantity"] for fact in facts) == sum(file.quantity for file in files.values())
    assert sum(file.bad for file in files.values()) > 100
