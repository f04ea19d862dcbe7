"""The benchmark of mechanisms: its rules are read without an error, and its facts close with every tie-out."""

from __future__ import annotations

from pathlib import Path

from sqlglot import exp

from adapters.duckdb_executor import DuckDBExecutor
from benchmarks.every_mechanism import BOOKS, MECHANISMS, ruleset_with
from benchmarks.mechanism_facts import END, attach_mechanism_facts, write_mechanism_facts
from engine.plan.relation import column, table
from engine.run.close import close_calendar, run_period
from engine.run.tie_outs import tie_outs
from tests.support.promises import by_night

LATER = {"release-unclaimed"}
"""What comes due after the month."""


@by_night
def test_a_few_hundred_facts_use_every_mechanism_and_tie_out(tmp_path: Path) -> None:
    """Closed in one book and one currency, where each journal is planned once and in a third of the time."""
    everything = ruleset_with(MECHANISMS)
    assert len(everything.books) == 3
    assert len(everything.rates) == 2
    written = write_mechanism_facts(tmp_path, 800, everything, rounds=4)
    assert 800 < written.total < 1200
    ruleset = ruleset_with(one for one in MECHANISMS if one not in (BOOKS, "currencies"))
    with DuckDBExecutor(threads=1, reads=tuple(tmp_path.glob("input *.parquet"))) as executor:
        attach_mechanism_facts(executor, tmp_path, ruleset)
        run = run_period(executor, ruleset, close_calendar(ruleset).period_of(END))
        found = tie_outs(run)
        posted = executor.rows(exp.select(column("journal")).distinct().from_(table("ledger line")))
    assert len(found) == 6
    assert all(one.passed for one in found), [one.sentence for one in found]
    assert {str(one) for (one,) in posted} == set(ruleset.journals) - LATER
