"""What the ledger holds, as values: files, loads, periods and runs.

What a caller hands in and what the ledger hands back are different types (`NewLoad` and `Load`, `NewRun` and `Run`).
Control totals are exact: Decimal here, decimal text in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
"""What a manifest may hold: no floating point."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One immutable Parquet file.

    `path` is relative to the books, `home` is facts, quarantine or runs, `name` is the record or relation it holds;
    `columns` are names and DuckDB types in order; `size` is in bytes; `seq` is its publication.
    """

    path: str
    home: str
    name: str
    rows: int
    size: int
    sha256: str
    columns: tuple[tuple[str, str], ...]
    seq: int


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """The total of one column of a delivered file.

    None where it cannot be known: of a quarantined row whose number cannot be read, or where no trailer declares it.
    """

    name: str
    received: Decimal | None
    accepted: Decimal
    quarantined: Decimal | None
    declared: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewLoad:
    """A delivered file to be recorded: `received` = `accepted` + `quarantined` rows, `size` in bytes."""

    file_name: str
    sha256: str
    feed: str
    size: int
    received: int
    accepted: int
    quarantined: int
    control_totals: tuple[ControlTotal, ...] = ()
    files: tuple[FileEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """A delivered file as recorded; `files` are its Parquet files, `loaded_at` is UTC, `seq` its publication."""

    id: int
    file_name: str
    sha256: str
    feed: str
    size: int
    received: int
    accepted: int
    quarantined: int
    control_totals: tuple[ControlTotal, ...]
    files: tuple[FileEntry, ...]
    loaded_at: str
    seq: int


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a calendar; `end` is its last day."""

    calendar: str
    name: str
    start: date
    end: date


class PeriodState(Enum):
    """How far a period is. What is hard-closed changes only by being reopened, which two others must agree to."""

    OPEN = "open"
    TRIAL = "trial"
    CLOSE_REQUESTED = "close-requested"
    HARD_CLOSED = "hard-closed"
    REOPEN_REQUESTED = "reopen-requested"
    REOPENED = "reopened"

    @property
    def is_closed(self) -> bool:
        """Whether the period is frozen: it stays so while a reopening is only asked for."""
        return self in (PeriodState.HARD_CLOSED, PeriodState.REOPEN_REQUESTED)


@dataclass(frozen=True, slots=True)
class PeriodStatus:
    """A period and where it stands; `epoch` counts its hard closes, `run` is the run that led here, if any."""

    period: Period
    state: PeriodState
    epoch: int
    run: int | None


class RunKind(Enum):
    """A trial changes nothing but the books' history; a hard close freezes the period."""

    TRIAL = "trial"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be recorded.

    `inputs` are the books' own files it read, by path; `details` go into the manifest as they are (engine versions,
    settings, as-of date). The ruleset must have been added.
    """

    calendar: str
    period: str
    kind: RunKind
    ruleset: str
    inputs: tuple[str, ...]
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as recorded.

    `id` is its publication and names its folder; `number` counts the runs of its kind in its period from 1. `manifest`
    is JSON: period, kind, ruleset, inputs and outputs with their hashes, details, and the head it stands on.
    """

    id: int
    calendar: str
    period: str
    kind: RunKind
    number: int
    ruleset_name: str
    ruleset_version: str
    ruleset_hash: str
    manifest: str
    published_at: str


@dataclass(frozen=True, slots=True)
class NewAcceptance:
    """Exceptions of a run to be recorded as accepted, all for one reason.

    `exceptions` holds for each the name of its control or reconciliation, its row as text, and the digest of what was
    seen; `run` is the run it was seen in.
    """

    run: Run
    comment: str
    exceptions: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An exception's acceptance as recorded: which, as it was (`digest`), why, in which run it was seen, who and when
    (`at` is UTC).
    """

    name: str
    row: str
    digest: str
    comment: str
    run: int
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a publication is stored: the head it led to, read back after the commit."""

    seq: int
    hash: str
