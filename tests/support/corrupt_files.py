"""Delimited files with planted damage: each seed is a file, the operators that damaged it, and what must become of it.

An operator damages rows, or the whole file so that it must be refused. Rows that no operator touched must be accepted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.support.received import Dialect, count_received

COLUMNS = ("INV", "DATE", "SKU", "QTY", "AMOUNT")
PARTS = ("P1", "P2", "PÉ3", "X-100", "007")
LONGEST_LINE = 1_000_000
"""Bytes beyond which a line is damage."""

DIALECTS = {
    "comma": Dialect(b",", b".", "utf-8"),
    "semicolon": Dialect(b";", b",", "cp1252"),
    "pipe": Dialect(b"|", b".", "utf-8", trailer=b"TOTAL"),
}

FEEDS = """
  - name: comma
    files: "comma_*.csv"
    delimited: {separator: comma, encoding: utf-8}
    control-total: AMOUNT
    fills:
      record: pos-sale
      columns: {partner: {constant: A}, invoice-number: INV, sale-date: DATE, part: SKU, quantity: QTY, amount: AMOUNT}
  - name: semicolon
    files: "semicolon_*.csv"
    delimited: {separator: semicolon, encoding: cp1252, decimal: ",", dates: DD.MM.YYYY}
    control-total: AMOUNT
    only: {column: SKU, is-not: MEMO}
    fills:
      record: pos-sale
      columns: {partner: {constant: B}, invoice-number: INV, sale-date: DATE, part: SKU, quantity: QTY, amount: AMOUNT}
  - name: pipe
    files: "pipe_*.csv"
    delimited:
      separator: pipe
      encoding: utf-8
      trailer: {column: INV, text: TOTAL, totals: AMOUNT, rows: QTY}
    fills:
      record: pos-sale
      columns: {partner: {constant: C}, invoice-number: INV, sale-date: DATE, part: SKU, quantity: QTY, amount: AMOUNT}
  - name: parts
    files: parts.csv
    delimited: {separator: comma, encoding: utf-8}
    fills: {record: part, columns: {code: CODE, date: {constant: "2026-01-01"}}}
"""


@dataclass
class Draft:
    """A file being written: its rows as texts, which of them are damaged, and the damage so far."""

    chance: random.Random
    dialect: Dialect
    header: str
    rows: list[str]
    whole: set[int]
    end: str
    operators: list[str] = field(default_factory=list)
    is_refused: bool = False
    is_cut: bool = False
    ending: Callable[[bytes], bytes] | None = None

    @property
    def separator(self) -> str:
        """What separates cells, as text."""
        return self.dialect.separator.decode()

    def intact(self) -> list[int]:
        """The rows that are still whole and there once."""
        return [at for at in sorted(self.whole) if self.rows.count(self.rows[at]) == 1]

    def pick(self) -> int | None:
        """One of them."""
        intact = self.intact()
        return self.chance.choice(intact) if intact else None


@dataclass(frozen=True, slots=True)
class Corrupted:
    """A file as delivered: its bytes, the feed it is for, its damage, and whether it must be refused.

    `whole` are the texts of rows nothing touched, `cut` is what is left of the last row where that was cut.
    """

    seed: int
    name: str
    feed: str
    data: bytes
    operators: tuple[str, ...]
    is_refused: bool
    whole: tuple[str, ...]
    cut: str


Operator = Callable[[Draft], bool]
"""Damages a draft; False where it can do nothing to it."""


def _on_row(change: Callable[[Draft, str], str]) -> Operator:
    """An operator that replaces the text of a row, which must then not be accepted as it was."""

    def operate(draft: Draft) -> bool:
        at = draft.pick()
        if at is None:
            return False
        draft.rows[at] = change(draft, draft.rows[at])
        draft.whole.discard(at)
        return True

    return operate


def _beside(make: Callable[[Draft], str]) -> Operator:
    """An operator that puts a line of its own among the rows."""

    def operate(draft: Draft) -> bool:
        at = draft.chance.randrange(len(draft.rows) + 1)
        draft.rows.insert(at, make(draft))
        draft.whole = {one + (one >= at) for one in draft.whole}
        return True

    return operate


def _on_file(change: Callable[[Draft, bytes], bytes], refuses: bool) -> Operator:
    """An operator on the bytes of the whole file."""

    def operate(draft: Draft) -> bool:
        if draft.ending is not None:
            return False
        draft.ending = lambda data: change(draft, data)
        draft.is_refused |= refuses
        return True

    return operate


def _with_cell(place: int, values: Sequence[str]) -> Callable[[Draft, str], str]:
    def change(draft: Draft, row: str) -> str:
        cells = row.replace('"', "").split(draft.separator)
        able = [
            one for one in values if one.encode(draft.dialect.encoding, "ignore").decode(draft.dialect.encoding) == one
        ]
        return draft.separator.join([*cells[:place], draft.chance.choice(able), *cells[place + 1 :]])

    return change


def _stray_quote(draft: Draft, row: str) -> str:
    at = row.index(draft.separator, 1)
    return row[:at].replace('"', "") + '"' + row[at:]


def _nul(draft: Draft, row: str) -> str:
    at = draft.chance.randrange(len(row) + 1)
    return row[:at] + draft.chance.choice("\0\x01\x1f\x7f") + row[at:]


def _return_for_line_end(draft: Draft) -> bool:
    """Two rows with a lone carriage return between them: one line, which cannot be taken for two rows."""
    intact = draft.intact()
    pairs = [at for at in intact if at + 1 in intact]
    if not pairs or len(draft.rows) < 3:
        return False
    at = draft.chance.choice(pairs)
    draft.rows[at : at + 2] = [f"{draft.rows[at]}\r{draft.rows[at + 1]}"]
    draft.whole = {one - (one > at) for one in draft.whole if one not in (at, at + 1)}
    return True


def _mixed_line_ends(draft: Draft, data: bytes) -> bytes:
    return b"".join(line + draft.chance.choice([b"\n", b"\r\n"]) for line in data.replace(b"\r\n", b"\n").split(b"\n"))


def _mark_at_the_top(_draft: Draft, data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def _foreign_byte(draft: Draft, data: bytes) -> bytes:
    at = data.index(b"\n") + 1
    byte = b"\x81" if draft.dialect.encoding == "cp1252" else draft.chance.choice([b"\xe9", b"\xff", b"\xc3"])
    return data[:at] + byte + data[at:]


def _cut_short(draft: Draft) -> bool:
    """The last line is to be cut."""
    draft.is_cut = draft.ending is None and not draft.is_cut
    return draft.is_cut


def _again(draft: Draft) -> bool:
    """A row that is there twice, of which the first stands."""
    at = draft.pick()
    if at is None:
        return False
    draft.rows.append(draft.rows[at])
    return True


def _aside(draft: Draft) -> bool:
    """A row that is not the business of its feed, where the feed says so."""
    if draft.separator != ";":
        return False
    return _beside(lambda draft: draft.separator.join(["M-1", "", "MEMO", "", "12,50"]))(draft)


LOOK_ALIKES = (
    "p1",
    "P1 ",
    " P1",
    "P01",
    "7",
    "07",
    "x-100",
    "X–100",
    "P\u200b1",
    "Р1",
    "Ｐ1",
    "P1\u00a0",
    "PE\u03013",
    "PE3",
)
ODD_DATES = ("2026-02-30", "2026-13-01", "02/03/2026", "2026-2-3", "tomorrow", "1026-02-03", "30.02.2026", "46054", "")
ODD_NUMBERS = (
    "1e3",
    "(12.00)",
    "1_000",
    "1,000.00",
    "12-",
    "+5",
    "0x1F",
    "nan",
    "inf",
    "٣",
    "1 000",
    "--1",
    "1.0.0",
    "",
)

OPERATORS: dict[str, Operator] = {
    "ragged line": _on_row(lambda draft, row: row + draft.separator + draft.chance.choice(["", "x"])),
    "short line": _on_row(lambda draft, row: row.rsplit(draft.separator, draft.chance.randrange(1, 4))[0]),
    "blank line": _beside(lambda draft: draft.chance.choice(["", " ", "\t"])),
    "header again": _beside(lambda draft: draft.header),
    "total row": _beside(lambda draft: draft.separator.join(["TOTAL", "", "", "", str(draft.chance.randrange(999))])),
    "other separator": _on_row(lambda draft, row: row.replace(draft.separator, "\t")),
    "stray quote": _on_row(_stray_quote),
    "quote never closed": _on_row(lambda draft, row: '"' + row.replace('"', "")),
    "NUL and other controls": _on_row(_nul),
    "carriage return for a line end": _return_for_line_end,
    "mixed line ends": _on_file(_mixed_line_ends, refuses=False),
    "look-alike part": _on_row(_with_cell(2, LOOK_ALIKES)),
    "row again": _again,
    "row that is set aside": _aside,
    "odd date": _on_row(_with_cell(1, ODD_DATES)),
    "odd number": _on_row(_with_cell(3, ODD_NUMBERS)),
    "last line cut": _cut_short,
    "no header": _on_file(lambda draft, data: data[data.index(b"\n") + 1 :], refuses=True),
    "column twice": _on_file(
        lambda draft, data: data.replace(b"AMOUNT", b"AMOUNT%cAMOUNT" % draft.dialect.separator, 1), refuses=True
    ),
    "separator of another file": _on_file(
        lambda draft, data: data.replace(draft.dialect.separator, b"~"), refuses=True
    ),
    "byte of another encoding": _on_file(_foreign_byte, refuses=True),
    "byte order mark": _on_file(_mark_at_the_top, refuses=True),
    "huge cell": _on_row(lambda draft, row: row + draft.separator + "9" * LONGEST_LINE),
}
"""What damages files, by name."""

WHOLE_FILE = tuple(OPERATORS)[-6:]
"""Those after which a file must be refused."""


def corrupted(seed: int) -> Corrupted:
    """The file of a seed; each operator is the first in one of so many."""
    chance = random.Random(seed)
    feed = chance.choice(list(DIALECTS))
    draft = _sound(chance, feed, seed)
    names = list(OPERATORS)
    others = chance.choices([name for name in names if name not in WHOLE_FILE], k=chance.choice([0, 0, 1, 2]))
    for name in (names[seed % len(names)], *others):
        if OPERATORS[name](draft):
            draft.operators.append(name)
            draft.is_refused |= name == "huge cell"
    data, cut = _bytes(draft)
    whole = tuple(draft.rows[at] for at in sorted(draft.whole))
    name = f"{feed}_{seed:06d}.csv"
    return Corrupted(seed, name, feed, data, tuple(draft.operators), draft.is_refused, whole, cut)


def _sound(chance: random.Random, feed: str, seed: int) -> Draft:
    dialect = DIALECTS[feed]
    separator, decimal = dialect.separator.decode(), dialect.decimal.decode()
    rows = []
    for number in range(chance.randrange(7, 30)):
        cents = chance.choice([0, 1, 99, chance.randrange(100_000), -chance.randrange(100_000)])
        day = chance.randrange(1, 29)
        cells = [
            f"{seed}-{number}",
            f"{day:02d}.02.2026" if feed == "semicolon" else f"2026-02-{day:02d}",
            chance.choice(PARTS),
            str(chance.randrange(1000)),
            f"{'-' if cents < 0 else ''}{abs(cents) // 100}{decimal}{abs(cents) % 100:02d}",
        ]
        rows.append(separator.join(f'"{cell}"' if chance.random() < 0.2 else cell for cell in cells))
    end = chance.choice(["\n", "\r\n"])
    return Draft(chance, dialect, separator.join(COLUMNS), rows, set(range(len(rows))), end)


def _bytes(draft: Draft) -> tuple[bytes, str]:
    """The file as bytes, and what is left of its last row where that was cut; a trailer counts the rows as they are."""
    lines = [draft.header, *draft.rows]
    if draft.dialect.trailer:
        lines.append(_trailer(draft))
    data = draft.end.join(lines).encode(draft.dialect.encoding) + draft.end.encode() * draft.chance.randrange(3)
    if draft.ending is not None:
        return draft.ending(data), ""
    return _cut(draft, data) if draft.is_cut else (data, "")


def _cut(draft: Draft, data: bytes) -> tuple[bytes, str]:
    data = data.rstrip(b"\r\n")
    last = data[data.rindex(b"\n") + 1 :]
    if draft.dialect.trailer:
        draft.is_refused = True
        return data[: -draft.chance.randrange(8, len(last))], ""
    same = [at for at, row in enumerate(draft.rows) if row.encode(draft.dialect.encoding) == last]
    if len(same) > 1:
        return data, ""
    draft.whole -= set(same)
    kept = last[: draft.chance.randrange(1, max(2, len(last)))]
    try:
        text = kept.decode(draft.dialect.encoding)
    except UnicodeDecodeError:
        draft.is_refused, text = True, ""
    return data[: len(data) - len(last)] + kept, text


def _trailer(draft: Draft) -> str:
    """The trailer: its totals are those of the rows as they are."""
    data = "\n".join([draft.header, *draft.rows, "end"]).encode(draft.dialect.encoding)
    found = count_received(data, draft.dialect, b"AMOUNT")
    sign, figure = "-" if found.millionths < 0 else "", abs(found.millionths)
    total = f"{sign}{figure // 1_000_000}.{figure % 1_000_000:06d}"
    return draft.separator.join(["TOTAL", "", "", str(len(found.rows)), total])
