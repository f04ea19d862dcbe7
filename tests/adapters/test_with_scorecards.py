"""The shipped ruleset with scorecards: it reads without an error, and its worked case holds."""

from __future__ import annotations

from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import SHIPPED, read_ruleset
from engine.run.examples import run_example

FOLDER = SHIPPED / "with-scorecards"


def test_its_worked_case_holds() -> None:
    """Of 2 counts 1 is in time. 4 units of 200 expected differ, at 10.00: 2 %. 4 of 20 rows say
    something again, 1 of 20 is a repeat."""
    ruleset, diagnostics = read_ruleset(FOLDER, (SHIPPED,))
    assert ruleset is not None, [(one.code, one.message) for one in diagnostics.errors]
    (own,) = (one for one in ruleset.examples if FOLDER.name in str(one.span))
    result = run_example(ruleset, own, lambda: DuckDBExecutor(threads=1))
    assert result.passed, (result.title, result.stopped, result.differences)
