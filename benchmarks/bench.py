"""`make bench`: ratios measured in one run on one machine, printed as `ratio NAME VALUE` with the target beside it.

A close is measured from Parquet facts to Parquet journal, subledger, layers and reconciliation. Every comparison works
on the same files in the same run; the journal of the hand-written SQL is compared with the engine's to the cent before
its time counts.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from adapters.closing.inputs import attach_files
from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import read_ruleset
from benchmarks.facts import Scale, attach_facts, fact_files, write_facts
from benchmarks.handwritten import BARE_SORT, run_handwritten, totals
from benchmarks.others import beancount_booking, polars_valuation
from engine.ledger.calendar import Period
from engine.model.ruleset import Ruleset
from engine.plan.facts import Cutoff
from engine.run.close import Run, close_calendar, run_period
from engine.run.handover import hand_over
from engine.run.page import published_relations

RULES = Path(__file__).with_name("channel.tieout")
ONE = Scale(1_000_000, 5_000, 500, date(2026, 1, 1), 365)
MONTHS = 12
JOURNAL_SUMS = """
    SELECT journal, role, side, CAST(sum(amount) AS DECIMAL(38,2)) FROM "ledger line" GROUP BY ALL ORDER BY ALL
"""


def _ruleset() -> Ruleset:
    ruleset, diagnostics = read_ruleset(RULES)
    if ruleset is None:
        raise RuntimeError(f"{RULES.name}: {[one.message for one in diagnostics.errors]}")
    return ruleset


def _year(ruleset: Ruleset) -> Period:
    """The whole year as one period, so that one close covers all facts."""
    last = close_calendar(ruleset).periods(2026)[-1]
    return replace(last, start=date(2026, 1, 1))


def _close(
    ruleset: Ruleset, facts: Path, folder: Path, memory: str | None = None
) -> tuple[float, list[tuple[object, ...]], Run]:
    """Seconds from facts to files, the journal's sums, and the run (its executor is closed)."""
    folder.mkdir()
    reads = fact_files([facts])
    with DuckDBExecutor(memory_limit=memory, temporary_folder=folder, reads=reads, writes=(folder,)) as executor:
        attach_facts(executor, [facts])
        began = time.perf_counter()
        run = run_period(executor, ruleset, _year(ruleset))
        for index, query in enumerate(published_relations(run).values()):
            executor.copy_to_parquet(query, folder / f"{index}.parquet")
        seconds = time.perf_counter() - began
        return seconds, executor.connection.execute(JOURNAL_SUMS).fetchall(), run


def _bare_sort(facts: Path) -> float:
    with DuckDBExecutor(reads=fact_files([facts])) as executor:
        attach_facts(executor, [facts])
        began = time.perf_counter()
        executor.connection.execute(BARE_SORT).fetchall()
        return time.perf_counter() - began


def _handwritten(facts: Path, folder: Path) -> tuple[float, list[tuple[object, ...]]]:
    folder.mkdir()
    reads = fact_files([facts])
    with DuckDBExecutor(temporary_folder=folder, reads=reads, writes=(folder,)) as executor:
        attach_facts(executor, [facts])
        began = time.perf_counter()
        run_handwritten(executor, folder)
        return time.perf_counter() - began, totals(executor)


def _months(ruleset: Ruleset, folder: Path, monthly: Scale) -> tuple[float, float]:
    """Seconds to close month 2 and month 12 of a year of equal months, each on the hand-over of the one before."""
    periods = close_calendar(ruleset).periods(2026)[:MONTHS]
    rounds = max(1, monthly.facts // 5 // monthly.pools)
    folders: list[Path] = []
    files: list[tuple[str, Path]] = []
    cutoff: Cutoff | None = None
    seconds: list[float] = []
    for index, period in enumerate(periods):
        folders.append(folder / f"facts-{index}")
        scale = replace(monthly, start=period.start, days=(period.end - period.start).days)
        write_facts(folders[-1], scale, index + 1, index * rounds)
        reads = (*fact_files(folders), *(file for _, file in files))
        with DuckDBExecutor(temporary_folder=folder, reads=reads, writes=(folder,)) as executor:
            attach_facts(executor, folders)
            attach_files(executor, files)
            began = time.perf_counter()
            given = frozenset(name for name, _ in files)
            run = run_period(executor, ruleset, period, given=given, cutoff=cutoff)
            files = []
            for number, (name, query) in enumerate(sorted(hand_over(run.world).items())):
                path = folder / f"handed-{index}-{number}.parquet"
                executor.copy_to_parquet(query, path)
                files.append((name, path))
            seconds.append(time.perf_counter() - began)
        cutoff = Cutoff(index + 1, period.end)
    return seconds[1], seconds[11]


def _ratio(name: str, value: float, target: str) -> None:
    print(f"ratio {name} {value:.2f}   (target {target})", flush=True)


def _peak_memory(facts: int, folder: Path, memory: str) -> float:
    """GiB of memory a process used at most to close the facts of a folder."""
    command = [sys.executable, "-m", "benchmarks.bench", "--close-only", str(folder), "--memory", memory]
    found = subprocess.run(command, check=True, capture_output=True, text=True, cwd=RULES.parent.parent)
    peak = float(found.stdout.strip().splitlines()[-1])
    print(f"closed {facts:,} facts in a process of its own: {found.stdout.strip().splitlines()[0]}", flush=True)
    return peak


def _close_only(folder: Path, memory: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        seconds, _, _ = _close(_ruleset(), folder, Path(scratch) / "out", memory)
    print(f"{seconds:.1f} s under memory limit {memory}")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024)


def main() -> None:
    """Run the benchmarks; `--facts N` sets the smaller scale (the larger is ten times that)."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--facts", type=int, default=ONE.facts)
    parser.add_argument("--close-only", type=Path)
    parser.add_argument("--memory", default="1GB")
    options = parser.parse_args()
    if options.close_only is not None:
        _close_only(options.close_only, options.memory)
        return
    _measure(options.facts, options.memory)


def _measure(facts: int, memory: str) -> None:
    ruleset = _ruleset()
    small = replace(ONE, facts=facts, pools=max(1, facts // 200), parts=max(1, facts // 2000))
    large = replace(small, facts=facts * 10, pools=small.pools * 10, parts=small.parts * 10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for scale, label in ((small, "small"), (large, "large")):
            write_facts(folder / label, scale)
        sort = min(_bare_sort(folder / "small") for _ in range(2))
        close, ours, run = _close(ruleset, folder / "small", folder / "close-small")
        for stage in run.stages:
            print(f"  {stage.stage:<22}{stage.rows:>12,} rows {stage.milliseconds:>8,} ms")
        by_hand, theirs = _handwritten(folder / "small", folder / "hand-small")
        if ours != theirs:
            raise RuntimeError(f"the hand-written journal differs: {ours} and {theirs}")
        print(
            f"close of {facts:,} facts {close:.2f} s, bare sort {sort:.2f} s, by hand {by_hand:.2f} s, journals equal"
        )
        _ratio("close/sort", close / sort, "<= 4")
        _ratio("close/handwritten", close / by_hand, "<= 1.3")
        layers = sum(stage.milliseconds for stage in run.stages if stage.stage == "layers") / 1000
        polars, _ = polars_valuation(folder / "small")
        _ratio("polars/valuation", polars / layers, ">= 2")
        beancount = beancount_booking(100_000)
        _ratio("beancount/valuation", beancount / (layers * 100_000 / facts), ">= 100")
        close_large, _, _ = _close(ruleset, folder / "large", folder / "close-large")
        print(f"close of {facts * 10:,} facts {close_large:.2f} s, bare sort {_bare_sort(folder / 'large'):.2f} s")
        _ratio("growth-exponent", math.log10(close_large / close), "<= 1.1")
        second, twelfth = _months(ruleset, folder, replace(small, facts=facts // 4, pools=max(1, facts // 800)))
        _ratio("month12/month2", twelfth / second, "<= 1.1")
        _ratio("peak-memory-GiB", _peak_memory(facts * 10, folder / "large", memory), "<= 2")


if __name__ == "__main__":
    main()
