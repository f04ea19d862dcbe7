"""The shipped ruleset with bundles: it reads without an error, and its own worked cases hold."""

from __future__ import annotations

from functools import cache

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import SHIPPED, read_ruleset
from engine.model.ruleset import Ruleset
from engine.run.examples import run_example
from tests.support.promises import by_night

FOLDER = SHIPPED / "with-bundles"


@cache
def ruleset() -> Ruleset:
    found, diagnostics = read_ruleset(FOLDER, (SHIPPED,))
    assert found is not None, [(one.code, one.message) for one in diagnostics.errors]
    return found


@by_night
@pytest.mark.parametrize("number", [1, 2])
def test_its_worked_cases_hold(number: int) -> None:
    own = [one for one in ruleset().examples if FOLDER.name in str(one.span)]
    assert len(own) == 2
    result = run_example(ruleset(), own[number - 1], lambda: DuckDBExecutor(threads=1))
    assert result.passed, (result.title, result.stopped, result.differences)
