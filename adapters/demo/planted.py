"""What is wrong in the demo's files, as data: each problem with where it stands and what must find it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One planted problem.

    `period` is the period in whose close it shows. `file` (path below the demo's folder) and `rows` (physical lines)
    say where it stands; both are empty where the problem is that something is not there. `found` says what kind of
    thing finds it, and `by` names it: 'load' (a word of what the load says), 'quarantine' (a word of the reason),
    'adjustment' (its name), 'control' (the code it raises), 'siso' (the treatment), 'late' (the hard-closed period its
    date lies in). `cured` is the folder of the delivery that repairs it, or empty. `units` is how many units it
    concerns.
    """

    name: str
    period: str
    found: str
    by: str
    partner: str
    part: str
    units: int
    file: str
    rows: tuple[int, ...]
    cured: str
    note: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Units by which a partner's count differs from what it should hold when a period is hard-closed.

    `treatment` is what the standard ruleset makes of it: 'auto-adjust' or 'exception'. All other counts agree.
    """

    period: str
    partner: str
    part: str
    units: int
    treatment: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files that arrive together: a folder to load, the day it arrives, the period it is for, and whether that period
    can be hard-closed after it.
    """

    folder: str
    received: date
    period: str
    last_of_period: bool


@dataclass(frozen=True, slots=True)
class Planted:
    """A generated client: its folder of files, deliveries in order, rows written in all (headers not counted), what
    is wrong, and the differences that must remain.
    """

    folder: Path
    deliveries: tuple[Delivery, ...]
    rows: int
    problems: tuple[Problem, ...]
    differences: tuple[Difference, ...]
