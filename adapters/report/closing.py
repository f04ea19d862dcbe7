"""A close as its page shows it: its result, and what the books say about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.run.conditions import Conditions
from engine.run.results import CloseResult, Replayed


@dataclass(frozen=True, slots=True)
class TotalLine:
    """A control total of a delivered file; None is not known, `declared` is what the file itself says."""

    column: str
    received: Decimal | None
    accepted: Decimal
    quarantined: Decimal | None
    declared: Decimal | None


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file that was delivered since the last hard close: rows received = accepted + quarantined.

    `resubmitted` of the quarantined rows were delivered again since, in a file of their own.
    """

    name: str
    feed: str
    loaded_on: date
    received: int
    accepted: int
    quarantined: int
    totals: tuple[TotalLine, ...]
    resubmitted: int = 0


@dataclass(frozen=True, slots=True)
class Signed:
    """Something somebody did for a close: what, who, when (UTC, ISO text), and in which role or with what words."""

    what: str
    by: str
    at: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Behind:
    """Who stands behind a close: whether the books name people, what each did, which version of the rules ran and who
    approved it, and the head the books stand at (`seq:hash`).

    `rules` says why the rules that ran may not close the period for good, empty where they may.
    """

    is_governed: bool
    signed: tuple[Signed, ...]
    head: str
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """A close with what the books say about it.

    `kind` is `trial` or `hard close`; `number` counts the runs of the kind in the period, None where nothing was
    published; `known_at` is the last day whose knowledge went in, None for all; `files` are those delivered since the
    last hard close. `is_refused` says that a hard close was asked for and the conditions made it a trial; `built_on`
    names the open periods before it, whose own trials it opens with, and `replayed` the closed ones recomputed;
    `behind` is who stands behind it, None where nothing was published.
    """

    client: str
    kind: str
    number: int | None
    known_at: date | None
    files: tuple[FileLine, ...]
    result: CloseResult
    conditions: Conditions
    is_refused: bool = False
    built_on: tuple[str, ...] = ()
    replayed: Replayed | None = None
    behind: Behind | None = None
