"""The close with every mechanism on beside the same close without them: `ratio NAME VALUE` with the target beside it.

Both close the same facts of one month, from Parquet facts to Parquet results, one after the other in one process. The
rules lie in `mechanisms/`: a core, and a chapter for each mechanism. Without currencies all money is in dollars.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from adapters.duckdb_executor import DuckDBExecutor
from adapters.ruleset_files import ruleset_sources
from benchmarks.mechanism_facts import END, SHARES, attach_mechanism_facts, write_mechanism_facts
from dsl.diagnostics import Diagnostics
from engine.compile import check
from engine.model.ruleset import Ruleset
from engine.plan.relation import Relation
from engine.run.close import close_calendar, run_period
from engine.run.page import published_relations
from engine.run.results import StageTime
from engine.run.tie_outs import tie_outs

RULES = Path(__file__).with_name("mechanisms")
MECHANISMS = tuple(name for name, _ in SHARES)
BOOKS = "books"
SLOWEST = 8
TARGET = "<= 1.5"


def ruleset_with(mechanisms: Iterable[str]) -> Ruleset:
    """The core with some mechanisms on it; RuntimeError where the rules have an error."""
    on = set(mechanisms)
    chapters = {
        "head-in-currencies" if "currencies" in on else "head",
        "core",
        "stock-by-serial" if "serials" in on else "stock",
        *(on - {"currencies"}),
    }
    diagnostics = Diagnostics()
    sources = [one for one in ruleset_sources(RULES, diagnostics) if _chapter(one.name) in chapters]
    ruleset, found = check([tuple(sources)])
    if ruleset is None or len(sources) != len(chapters):
        raise RuntimeError(f"{RULES.name}: {[one.message for one in found.errors]} in {sorted(chapters)}")
    return ruleset


def _chapter(name: str) -> str:
    return Path(name).stem.partition("-")[2]


@dataclass
class Watched:
    """Seconds of each relation of a close, the slowest of which are worth a look."""

    seconds: dict[str, float] = field(default_factory=dict)

    def slowest(self) -> list[tuple[str, float]]:
        """The relations that took longest, the longest first."""
        return sorted(self.seconds.items(), key=lambda one: (-one[1], one[0]))[:SLOWEST]


class WatchedExecutor(DuckDBExecutor):
    """An executor that remembers how long each relation took; its branches remember with it."""

    def __init__(self, folder: Path, reads: Iterable[Path]) -> None:
        super().__init__(temporary_folder=folder, reads=reads, writes=(folder,))
        self.watched = Watched()

    def create(self, relation: Relation) -> int | None:
        """Make a relation as ever, and remember how long it took."""
        began = time.perf_counter()
        rows = super().create(relation)
        self.watched.seconds[f"{self.namespace} {relation.name}"] = time.perf_counter() - began
        return rows


@dataclass(frozen=True, slots=True)
class Close:
    """What one close took, by the clock and of processors; lines of its journals, its stages, its slowest relations."""

    seconds: float
    processor_seconds: float
    lines: int
    stages: tuple[StageTime, ...]
    slowest: list[tuple[str, float]]


def close_month(ruleset: Ruleset, facts: Path, folder: Path) -> Close:
    """Close the month of the facts of a folder and write what a close publishes; RuntimeError where a tie-out fails."""
    folder.mkdir()
    with WatchedExecutor(folder, sorted(facts.glob("input *.parquet"))) as executor:
        attach_mechanism_facts(executor, facts, ruleset)
        began, used = time.perf_counter(), time.process_time()
        run = run_period(executor, ruleset, close_calendar(ruleset).period_of(END))
        for number, query in enumerate(published_relations(run).values()):
            executor.copy_to_parquet(query, folder / f"{number}.parquet")
        seconds, used = time.perf_counter() - began, time.process_time() - used
        failed = [one.sentence for each in (run, *run.books) for one in tie_outs(each) if not one.passed]
        if failed:
            raise RuntimeError(f"tie-outs failed: {failed}")
        lines = sum(each.world.rows["ledger line"] or 0 for each in (run, *run.books))
        return Close(seconds, used, lines, tuple(run.stages), executor.watched.slowest())


def main() -> None:
    """Measure; `--facts N` sets the scale, `--shares` closes with each mechanism alone, too."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--shares", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = write_mechanism_facts(folder / "facts", options.facts, ruleset_with(MECHANISMS))
        print(f"{written.total:,} rows of facts and registers; of them use")
        for mechanism, share in SHARES:
            print(f"  {mechanism:<17}{share}")
        plain = _measured("without mechanisms", (), folder)
        one_book = _measured("every mechanism, one book", [one for one in MECHANISMS if one != BOOKS], folder)
        whole = _measured("every mechanism", MECHANISMS, folder)
        for stage in whole.stages:
            print(f"  {stage.stage:<22}{stage.rows:>12,} rows {stage.milliseconds:>8,} ms")
        for relation, seconds in whole.slowest:
            print(f"  {seconds:8.2f} s  {relation}")
        if options.shares:
            for mechanism in MECHANISMS:
                alone = _measured(f"{mechanism} alone", (mechanism,), folder)
                more = alone.processor_seconds / plain.processor_seconds - 1
                print(f"  {mechanism:<17}{more:+.2f} of the processor time without")
        _ratio("mechanisms-in-one-book/without", one_book, plain)
        _ratio("mechanisms/without", whole, plain)


def _ratio(name: str, close: Close, plain: Close) -> None:
    processors = close.processor_seconds / plain.processor_seconds
    print(f"ratio {name} {close.seconds / plain.seconds:.2f}   (target {TARGET}; of processors {processors:.2f})")


def _measured(label: str, mechanisms: Iterable[str], folder: Path) -> Close:
    done = close_month(ruleset_with(mechanisms), folder / "facts", folder / label.replace(" ", "-"))
    print(f"close {label}: {done.seconds:.2f} s, {done.processor_seconds:.2f} s of processors, {done.lines:,} lines")
    return done


if __name__ == "__main__":
    main()
