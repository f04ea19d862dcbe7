"""What a load did, file by file, as values that a page or JSON is printed from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum


class Outcome(Enum):
    """What became of a file."""

    LOADED = "loaded"
    KNOWN = "same content"
    REFUSED = "refused"
    UNCLAIMED = "no feed"


@dataclass(frozen=True, slots=True)
class TotalReport:
    """One column of a file summed: received = accepted + quarantined, exactly.

    `unit` is `units`, a currency or empty; `declared` is what the file's trailer says, if it says anything;
    `unreadable` counts cells that are no number and so are in no sum; `set_aside` is not part of received.
    """

    column: str
    unit: str
    received: Decimal
    accepted: Decimal
    quarantined: Decimal
    set_aside: Decimal
    unreadable: int
    declared: Decimal | None


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: its rows are those received and those that its feed sets aside; received = accepted + quarantined.

    `already_known` of the accepted rows say only what the books know; `facts` counts new rows by record. `reasons`
    counts quarantined rows by short reason, most first; `faults` are the first of them, line and reason. `message` and
    `help` say why a file was not loaded, `line` where.
    """

    name: str
    feed: str
    outcome: Outcome
    sha256: str = ""
    size: int = 0
    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    set_aside: int = 0
    already_known: int = 0
    facts: tuple[tuple[str, int], ...] = ()
    totals: tuple[TotalReport, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()
    faults: tuple[tuple[int, str], ...] = ()
    message: str = ""
    help: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """One load: its files in the order they were taken. If one file is refused nothing of the load is written; of a
    strict load nothing is if one row is.
    """

    loaded_on: date
    files: tuple[FileReport, ...]
    is_strict: bool = False

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that were refused."""
        return tuple(file for file in self.files if file.outcome is Outcome.REFUSED)

    @property
    def is_written(self) -> bool:
        """Whether the load changed the books."""
        loaded = any(file.outcome is Outcome.LOADED for file in self.files)
        return loaded and not self.refused and not (self.is_strict and self.quarantined)

    @property
    def quarantined(self) -> int:
        """How many rows are refused, of all files."""
        return sum(file.quarantined for file in self.files)
