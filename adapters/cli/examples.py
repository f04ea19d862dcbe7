"""The command that runs the examples written beside the rules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from adapters.cli.command import EXISTING_OR_NOT, command
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.material import check_path
from adapters.cli.terminal import Terminal
from adapters.duckdb_executor import DuckDBExecutor
from adapters.report.blocks import Column, Table
from adapters.report.text import block_lines
from adapters.wording import counted, plain, visible
from dsl.diagnostics import Diagnostics
from engine.run.examples import Difference, ExampleResult, run_example


@command("test", "tieout test", "tieout test rulesets/standard --only 'sell-through'")
@click.option("--only", default="", metavar="WORDS", help="Run only the examples whose title or case has these words.")
@click.argument("path", type=EXISTING_OR_NOT, default=Path(), metavar="[PATH]")
def test(terminal: Terminal, only: str, path: Path) -> int:
    """Run the examples of a ruleset and show each cell that differs.

    PATH is a client's folder, a .tieout file, or a folder of them; by default the folder you are in.
    """
    started = time.monotonic_ns()
    diagnostics = Diagnostics()
    ruleset = check_path(path, diagnostics)
    if ruleset is None or diagnostics.errors:
        raise RefusedError(diagnostics=diagnostics)
    chosen = [one for one in ruleset.examples if only.casefold() in _titled(one.title.text, one.case).casefold()]
    results = []
    with terminal.working("running examples") as progress:
        for number, example in enumerate(chosen, 1):
            progress(f"example {number:,} of {len(chosen):,}: {example.title.text}")
            results.append(run_example(ruleset, example, lambda: DuckDBExecutor(threads=1)))
    failed = [one for one in results if not one.passed]
    tenths = (time.monotonic_ns() - started) // 10**8
    lines = [line for one in failed for line in (*_lines(one), "")]
    held = f"{len(results) - len(failed):,} of {counted(len(results), 'example')} hold"
    lines.append(f"{held}, {tenths // 10}.{tenths % 10} s" if results else "no examples to run")
    values = {
        "examples": len(results),
        "failed": len(failed),
        "results": [{"passed": one.passed, **plain(one)} for one in results],
    }
    terminal.show("\n".join(lines), values)
    return PROBLEMS if failed else DONE


def _titled(title: str, case: object) -> str:
    return f"{title} {getattr(case, 'text', '')}"


def _lines(result: ExampleResult) -> Iterator[str]:
    """What went wrong in an example: where it stands, and for each row what was wanted and what came instead."""
    case = f", case {result.case}" if result.case else ""
    yield f"✗ {result.location}  {visible(result.title)}{case}"
    if result.stopped:
        yield f"  the run was stopped: {visible(result.stopped)}"
    for one in result.differences:
        yield from _difference(one)


def _difference(difference: Difference) -> Iterator[str]:
    yield f"  {difference.location}"
    if not difference.cells:
        yield f"    wanted  {visible(difference.wanted)}"
        yield f"    found   {visible(difference.found) or 'no row like it'}"
        return
    columns = (Column("cell"), Column("wanted", True), Column("found", True))
    table = Table(f"nearest row: {difference.found}", columns, difference.cells)
    yield from (f"    {line}".rstrip() for line in block_lines(table, width=96))
