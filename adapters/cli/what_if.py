"""The command that runs a scenario over the books and shows it beside them; nothing is ever posted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from adapters.books.store import Books, open_books
from adapters.cli.command import EXISTING_OR_NOT, client_option, command
from adapters.cli.faults import DONE, RefusedError
from adapters.cli.material import Material, require_material, shown_path, write_whole
from adapters.cli.terminal import Progress, Terminal
from adapters.closing.what_if import Beside
from adapters.closing.what_if import hold_back as run_hold_back
from adapters.closing.what_if import what_if as run_what_if
from adapters.intake import read_beside
from adapters.report.blocks import Page
from adapters.report.charts import Picture, pictures_of
from adapters.report.html import page_html
from adapters.report.text import page_text
from adapters.report.what_if_page import held_back_page, what_if_json, what_if_page
from adapters.wording import counted, plain
from dsl.span import Source
from dsl.span import Span as TextSpan
from engine.compile import check_under
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset
from engine.model.scenarios import Change, UnderScenario


@command(
    "what-if",
    "tieout what-if",
    "tieout what-if tighter-returns --period FY2026-P03",
    "tieout what-if two-quarters-ahead --html ahead.html",
    "tieout what-if two-quarters-ahead --hold-back 3",
    "tieout what-if --with corrected/acme_pos_2026-02.csv",
)
@client_option
@click.option("--period", "last", metavar="PERIOD", help="The last period compared; by default the last one closed.")
@click.option("--from", "first", metavar="PERIOD", help="The first period run again; by default that of the books.")
@click.option(
    "--hold-back",
    type=click.IntRange(1),
    metavar="N",
    help="Project the last N known periods; say how far off.",
)
@click.option(
    "--with", "files", type=EXISTING_OR_NOT, multiple=True, metavar="FILE", help="Suppose that a file came in time too."
)
@click.option("--html", type=EXISTING_OR_NOT, metavar="FILE", help="Write the page as HTML for A4 too.")
@click.argument("scenario", required=False)
def what_if(
    terminal: Terminal,
    client: Path,
    last: str | None,
    first: str | None,
    hold_back: int | None,
    files: tuple[Path, ...],
    html: Path | None,
    scenario: str | None,
) -> int:
    """Run a SCENARIO of the rules, or other facts, over the books and show it beside them; without, list scenarios.

    Every period is run again as the rules are and as the scenario supposes. The books are read and never written.
    """
    if html is not None and not html.parent.is_dir():
        raise RefusedError(f"there is no folder {html.parent}", "make it first")
    material = require_material(client)
    ruleset = material.ruleset
    if scenario is None and not files:
        if any(one is not None for one in (last, first, hold_back, html)):
            raise click.UsageError("name a scenario, or files --with; `tieout what-if` lists the scenarios")
        return _list(terminal, ruleset)
    if files and hold_back is not None:
        raise click.UsageError("--hold-back measures what is known; leave out --with")
    under = _as_it_is(ruleset) if scenario is None else _under(ruleset, scenario)
    with (
        open_books(material.client.books, write=False) as books,
        terminal.working(f"supposing {under.name}") as progress,
    ):

        def say(words: str) -> None:
            progress(f"running {words}")

        if hold_back is not None:
            answer = _held_back(books, material, under, (first, last), hold_back, say)
        else:
            answer = _compared(books, material, under, (first, last), files, say)
    terminal.show(page_text(answer.page, terminal.has_colour), answer.values)
    if html is not None:
        write_whole(html, page_html(answer.page, pictures=answer.pictures))
        terminal.note(f"the page was written to {html}")
    return DONE


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is shown: a page, the same as values, and pictures that go with the page on paper."""

    page: Page
    values: dict[str, Any]
    pictures: tuple[Picture, ...] = ()


Span = tuple[str | None, str | None]
"""The first and the last period that were named."""


def _compared(
    books: Books, material: Material, under: UnderScenario, span: Span, files: tuple[Path, ...], progress: Progress
) -> _Answer:
    beside, changes = _supposed(books, material, files)
    asked = replace(under, changes=(*under.changes, *changes))
    found = run_what_if(books, material.ruleset, asked, first=span[0], last=span[1], beside=beside, progress=progress)
    client = material.client.client.client
    page = what_if_page(client, found, _kept_by(material.ruleset))
    return _Answer(page, what_if_json(client, found), pictures_of(found))


def _supposed(books: Books, material: Material, files: tuple[Path, ...]) -> tuple[Beside, tuple[Change, ...]]:
    """The rows of files, read as a load would read them, and what each file changes; RefusedError for any bad row."""
    if not files:
        return {}, ()
    today = date.today()  # noqa: DTZ011 (the user's own day)
    report, rows = read_beside(books, material.client.client, schema_of(material.ruleset), files, today)
    if not report.is_written:
        one = next((file for file in report.files if file.message or file.faults), report.files[0])
        line, fault = next(iter(one.faults), (one.line or 0, one.message))
        raise RefusedError(f"{one.name}{f':{line}' if line else ''} cannot be supposed: {fault}", "correct the file")
    places = {path.name: TextSpan(Source(shown_path(path), ""), 0, 0) for path in files}
    changes = [
        Change("fact", record, f"{counted(count, 'row')} of {record} in {file.name}", places[file.name])
        for file in report.files
        for record, count in file.facts
        if count
    ]
    return rows, tuple(changes)


def _as_it_is(ruleset: Ruleset) -> UnderScenario:
    """The rules without any change, for files alone."""
    return UnderScenario("these files had come", ruleset.head.span, ruleset, (), (), ())


def _held_back(
    books: Books, material: Material, under: UnderScenario, span: Span, count: int, progress: Progress
) -> _Answer:
    held = run_hold_back(books, under, count, first=span[0], last=span[1], progress=progress)
    client = material.client.client.client
    page = held_back_page(client, under.name, held, _kept_by(material.ruleset))
    return _Answer(page, {"client": client, "scenario": under.name, "held-back": plain(held)})


def _kept_by(ruleset: Ruleset) -> str:
    return f"{ruleset.head.name} {ruleset.head.version}"


def _under(ruleset: Ruleset, scenario: str) -> UnderScenario:
    if scenario not in ruleset.scenarios:
        known = ", ".join(ruleset.scenarios)
        help_text = f"name one of {known}" if known else "write one: `scenario NAME on RULESET`"
        raise RefusedError(f"{ruleset.head.name} has no scenario {scenario}", help_text)
    under, found = check_under(ruleset, scenario)
    if under is None:
        raise RefusedError(diagnostics=found)
    return under


def _list(terminal: Terminal, ruleset: Ruleset) -> int:
    """What scenarios there are, each with its lines."""
    lines: list[str] = []
    values = []
    for scenario in ruleset.scenarios.values():
        words = [" ".join(line.span.text.split()) for line in scenario.lines]
        lines += [f"{scenario.name.text}   {scenario.name.span}", *(f"  {one}" for one in words)]
        values.append({"name": scenario.name.text, "place": str(scenario.name.span), "lines": words})
    terminal.show("\n".join(lines) or f"{ruleset.head.name} has no scenarios", {"scenarios": values})
    return DONE
