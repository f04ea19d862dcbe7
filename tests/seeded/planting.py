"""A seeded bug, and whether the test named for it catches it."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.shared import ROOT

SITE = Path(__file__).parent / "site"
BROUGHT = ("duckdb", "sqlglot", "lark", "pyarrow.parquet", "click", "pydantic", "yaml", "jinja2")
"""What most tests need and is not ours: loaded once, before the processes part."""


@dataclass(frozen=True, slots=True)
class Bug:
    """One edit that would be a bug: in `file` the text `old`, which is there once, becomes `new`.

    `says` is what goes wrong, in words of accounting; `breaks` the promise (P1 to P25) or the rule it breaks; `test`
    the one test that must fail then, as pytest names it.
    """

    id: str
    says: str
    breaks: str
    file: str
    old: str
    new: str
    test: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How pytest ended, and what it said: the first line of an error, else its last line."""

    code: int
    said: str

    @property
    def is_failure(self) -> bool:
        """Whether a test ran and failed; one that could not be collected says nothing of a bug."""
        return self.code == pytest.ExitCode.TESTS_FAILED

    @property
    def is_pass(self) -> bool:
        """Whether every test passed."""
        return self.code == pytest.ExitCode.OK


def planted(bug: Bug) -> dict[str, str]:
    """What the environment says so that a Python that starts in it has the bug."""
    module = bug.file.removesuffix(".py").replace("/", ".")
    told = {"module": module, "path": str(ROOT / bug.file), "old": bug.old, "new": bug.new}
    return {"PYTHONPATH": str(SITE), "TIEOUT_PLANTED": json.dumps(told)}


def ran(tests: Sequence[str], environment: Mapping[str, str]) -> Verdict:
    """Run tests in a process that has not loaded any module of ours yet, and whose children have the bug, too.

    It parts from this one, which must not have loaded them either: starting Python anew takes longer than most tests.
    """
    ours = sorted(name for name in sys.modules if name.partition(".")[0] in ("dsl", "engine", "adapters"))
    if ours:
        raise RuntimeError(f"{ours[0]} is loaded already, so no bug can be planted in it")
    for name in BROUGHT:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            _run(tests, environment, output.fileno())
        _, status = os.waitpid(process, 0)
        output.seek(0)
        return Verdict(os.waitstatus_to_exitcode(status), _told(output.read()))


def _run(tests: Sequence[str], environment: Mapping[str, str], output: int) -> None:
    """What the process does that was parted off: it ends here."""
    code: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        for name in [name for name in os.environ if name.startswith(("PYTEST", "TIEOUT_"))]:
            del os.environ[name]
        os.environ.update(environment)
        sys.path.insert(0, str(SITE))
        importlib.import_module("sitecustomize")
        code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-rfE", *tests])
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        os.write(output, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _told(output: str) -> str:
    lines = output.strip().splitlines()
    error = next((line[1:].strip() for line in lines if line.startswith("E  ")), "")
    which = next((line.split(" ", 2)[1] for line in lines if line.startswith(("FAILED ", "ERROR "))), "")
    return f"{which} {error}".strip() or (lines[-1] if lines else "")


def misplanted(bugs: Sequence[Bug]) -> Iterator[str]:
    """Bugs that cannot be planted: their text is not there once, changes nothing, or the test is not there."""
    for bug in bugs:
        text = (ROOT / bug.file).read_text(encoding="utf-8")
        if text.count(bug.old) != 1:
            yield f"{bug.id}: {bug.file} has the text {text.count(bug.old)} times, not once"
            continue
        if bug.old.split() == bug.new.split():
            yield f"{bug.id}: changes nothing"
        path, _, name = bug.test.partition("::")
        place = ROOT / path
        tests = place.read_text(encoding="utf-8") if place.exists() else ""
        if f"\ndef {name.partition('[')[0]}(" not in tests:
            yield f"{bug.id}: there is no test {bug.test}"
