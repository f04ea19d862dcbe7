"""`make promises`: run the tests that record figures, keep what they reached, and write docs/promises.md.

python -m tests.promises.report --trials release           # every promise
python -m tests.promises.report --trials nightly P5 P6     # these; what others reached stays
python -m tests.promises.report --page                     # the page alone, of the figures that are kept
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.promises.page import Reached, added_up, read, renewed, write
from tests.promises.table import PROMISES
from tests.support.repository import Module, module_from_text
from tests.support.shared import ROOT


class Failures:
    """Notes each test that did not pass, while pytest runs."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each phase of each test."""
        if report.failed:
            self.found.append(report.nodeid)


def promises_of(module: Module) -> set[str]:
    """The promises that a module's tests record figures for."""
    calls = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    named = (node for node in calls if (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) == "reached")
    first = (node.args[0] for node in named if node.args)
    words = {node.value for node in first if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return words & {one.number for one in PROMISES}


def files_proving(promises: Sequence[str]) -> list[str]:
    """The test files to run for some promises, by path."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    named = (
        module_from_text(path.relative_to(ROOT).as_posix(), one) for path, one in texts.items() if "reached(" in one
    )
    return [one.path for one in named if promises_of(one) & set(promises)]


def run(scale: str, promises: Sequence[str], workers: int) -> Reached:
    """Run the proofs of some promises at a scale."""
    failures = Failures()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "figures.jsonl"
        os.environ |= {"TIEOUT_TRIALS": scale, "TIEOUT_FIGURES": str(place)}
        arguments = ["-q", *(["-n", str(workers), "--dist", "worksteal"] if workers > 1 else ["-p", "no:xdist"])]
        pytest.main([*arguments, *files_proving(promises)], plugins=[failures])
        lines = place.read_text(encoding="utf-8").splitlines() if place.exists() else []
    day = datetime.now(UTC).date().isoformat()
    told = added_up([json.loads(line) for line in lines], day)
    return Reached(tuple(one for one in told if one.promise in promises), tuple(sorted(failures.found)))


def main() -> int:
    """Read the arguments, run, and write both files; the code is 1 where a proof did not pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", choices=("commit", "nightly", "release"), default="nightly")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("promises", nargs="*", help="P1 to P25; all of them where none is named")
    asked = parser.parse_args()
    if asked.page:
        write(read())
        return 0
    os.chdir(ROOT)
    promises = asked.promises or [one.number for one in PROMISES]
    found = run(asked.trials, promises, asked.workers)
    write(renewed(read(), found, promises))
    for one in found.failed:
        sys.stderr.write(f"did not pass: {one}\n")
    return 1 if found.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
