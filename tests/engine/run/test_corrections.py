"""What is known before a close and what comes after it, by the example of a ruleset that the features close by."""

from __future__ import annotations

from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import read_ruleset
from engine.run.examples import run_example
from tests.support.shared import ROOT

GOODS = ROOT / "features" / "rulesets" / "goods"


def test_the_order_of_dates_and_the_variance_of_what_was_sold_beyond_stock() -> None:
    ruleset, diagnostics = read_ruleset(GOODS / "settled-by-the-next-receipt.tieout", (GOODS,))
    assert ruleset is not None, [one.message for one in diagnostics]
    result = run_example(ruleset, ruleset.examples[0], lambda: DuckDBExecutor(threads=1))
    assert result.passed, result
