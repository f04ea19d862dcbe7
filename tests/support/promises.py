"""How many trials a proof of a promise runs, and the record of what it reached.

Promises are proved by many trials. Each commit runs a share of them, the nightly run and the release all: the variable
TIEOUT_TRIALS says which (`commit`, `nightly` or `release`). What was reached goes, one JSON line a proof, into the file
that TIEOUT_FIGURES names; `make promises` makes docs/promises.md of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

Tried = TypeVar("Tried")

SCALE = os.environ.get("TIEOUT_TRIALS", "commit")
SHARES = {"commit": 100, "nightly": 10, "release": 1}
"""What part of the trials of a release each scale runs: one in so many."""


by_night = pytest.mark.skipif(SCALE == "commit", reason="a proof of the night: `make nightly` runs it")
"""For tests whose subject others show with each commit, and that would take its five minutes."""


def trials(release: int, per_commit: int | None = None, nightly: int | None = None) -> int:
    """The number of trials to run now, from the number a release runs.

    Each commit runs `per_commit` where that is not a hundredth, and the night `nightly` where it is not a tenth.
    """
    given = {"commit": per_commit, "nightly": nightly}.get(SCALE)
    return max(1, release // SHARES[SCALE]) if given is None else given


def some(release: Sequence[Tried], per_commit: Sequence[Tried]) -> Sequence[Tried]:
    """What is tried now of what a release tries; the night tries all of it, too."""
    return per_commit if SCALE == "commit" else release


def reached(promise: str, proof: str, ran: int, failures: int, **counted: int) -> None:
    """Record what a proof reached: trials that ran, failures among them, and what else it counted.

    `promise` is its number in docs/promises.md (P1 to P25), `proof` a phrase that names what was done, with the unit
    of `ran` ("kills before a file operation of a close").
    """
    place = os.environ.get("TIEOUT_FIGURES")
    if place is None:
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0].partition("[")[0]
    figures: dict[str, object] = {"promise": promise, "proof": proof, "test": test, "scale": SCALE}
    figures |= {"trials": ran, "failures": failures, "counted": counted}
    with Path(place).open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures, sort_keys=True) + "\n")
