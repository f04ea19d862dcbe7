"""What arrives when: the rows of each file of the demo client, before they are written in each sender's format."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from adapters.demo.catalogue import BRAVO, MONTHS, PARTNERS
from adapters.demo.simulation import Count, Opening, Receipt, Rma, Sale, Shipment, World


@dataclass(frozen=True, slots=True)
class Total:
    """A last line that sums a file's units, where no trailer was agreed."""

    quantity: int


Fact = Opening | Shipment | Receipt | Sale | Rma | Count
Record = Fact | Total


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One row of a file: what it states, with cells that are written as given instead (`raw`, by field)."""

    record: Record
    raw: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class FileKey:
    """One file: the month whose close it arrives for (place in MONTHS), whether it comes with the corrections, its
    feed, and the month it is about.
    """

    month: int
    corrected: bool
    feed: str
    about: int

    @property
    def folder(self) -> str:
        """The folder of the delivery the file comes with."""
        return MONTHS[self.month].label + ("-corrections" if self.corrected else "")


@dataclass(slots=True)
class Files:
    """The rows of every file, in the order they are written."""

    lines: dict[FileKey, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def add(self, key: FileKey, line: Line) -> Line:
        """Put a row at the end of a file."""
        self.lines[key].append(line)
        return line

    def replace(self, key: FileKey, old: Line, new: Line) -> Line:
        """Put a row in another's place."""
        self.lines[key][self.lines[key].index(old)] = new
        return new

    def move(self, key: FileKey, line: Line, to: FileKey) -> None:
        """Take a row out of one file and put it at the end of another."""
        self.lines[key].remove(line)
        self.lines[to].append(line)

    def find(self, key: FileKey, record: Record) -> Line:
        """The row of a file that states a record."""
        return next(line for line in self.lines[key] if line.record == record)


def feed_of(record: Fact) -> str:
    """The feed that states a record."""
    if isinstance(record, Count):
        return f"{record.partner.lower()}-stock"
    if isinstance(record, Sale):
        apart = record.returned and record.partner == BRAVO.code
        return f"{record.partner.lower()}-{'returns' if apart else 'pos'}"
    names = {Opening: "opening-stock", Shipment: "shipments", Receipt: "receipts", Rma: "rma"}
    return names[type(record)]


def file_of(record: Fact) -> FileKey:
    """The file a record belongs in when nothing goes wrong."""
    month = 0 if isinstance(record, Opening) else record.month
    return FileKey(month, False, feed_of(record), month)


def deliver(world: World) -> Files:
    """Every record in its file; a partner without movements still sends its files."""
    files = Files()
    for place in range(len(MONTHS)):
        for partner in PARTNERS:
            files.lines[FileKey(place, False, f"{partner.code.lower()}-pos", place)] = []
    records: list[Fact] = [*world.openings, *world.shipments, *world.receipts, *world.sales, *world.rmas]
    for record in [*records, *world.counts]:
        files.add(file_of(record), Line(record))
    return files
