"""The checks bite: bugs planted in the code are caught, each by the test that is named for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace

from tests.seeded.planting import SITE, Bug, misplanted
from tests.seeded.report import BUGS, CAUGHT, SURVIVED
from tests.support import promises
from tests.support.shared import ROOT

QUICK = ("unreviewed-rules", "override-at-the-limit", "week-53")
NOW = promises.some([bug.id for bug in BUGS], per_commit=QUICK)
"""Each commit plants a few whose tests need no database; `make seeded` and the night plant all."""


def told(names: list[str]) -> tuple[int, str]:
    """How the report ends and what it says, in a Python of its own: here the code is loaded already."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TIEOUT_"))}
    command = [sys.executable, "-m", "tests.seeded.report", *names]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_bug_can_be_planted_and_its_test_is_there() -> None:
    assert list(misplanted(BUGS)) == []
    assert len(BUGS) >= 60
    assert [name for name, count in Counter(bug.id for bug in BUGS).items() if count > 1] == []
    assert SITE.is_dir()


def test_what_cannot_be_planted_is_told() -> None:
    bug = next(bug for bug in BUGS if bug.id == "week-53")
    wrong: list[Bug] = [
        replace(bug, old="no such text"),
        replace(bug, new=bug.old),
        replace(bug, test="tests/engine/test_calendar.py::test_of_no_such_name"),
    ]
    assert [sentence.partition(": ")[2] for sentence in misplanted(wrong)] == [
        "engine/ledger/calendar.py has the text 0 times, not once",
        "changes nothing",
        "there is no test tests/engine/test_calendar.py::test_of_no_such_name",
    ]


def test_planted_bugs_are_caught_by_the_tests_named_for_them() -> None:
    code, said = told(list(NOW))
    caught, survived = (sum(line.startswith(f"{word} ") for line in said.splitlines()) for word in (CAUGHT, SURVIVED))
    assert caught + survived == len(NOW), said
    promises.reached("P24", "seeded bugs, each planted alone and run against the test named for it", len(NOW), survived)
    assert (code, survived) == (0, 0), said
