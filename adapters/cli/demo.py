"""The command that shows everything on a made-up client: four months loaded and closed, what was planted found."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from adapters.books.store import Books, open_books
from adapters.cli.command import EXISTING_OR_NOT, command
from adapters.cli.demo_evidence import Evidence
from adapters.cli.faults import DONE, PROBLEMS, RefusedError
from adapters.cli.intake import load_client
from adapters.cli.material import Material, require_material
from adapters.cli.terminal import Progress, Terminal
from adapters.closing.close import Closed, close_period
from adapters.closing.exceptions import accept
from adapters.demo.generate import SEED, generate
from adapters.demo.planted import Delivery, Difference, Planted, Problem
from adapters.feeds.report import LoadReport, Outcome
from adapters.quarantine import refused_rows
from adapters.report.blocks import Check, Checks, Column, Page, Table, Verdict
from adapters.report.conditions import standing_json
from adapters.report.text import page_text
from adapters.ruleset_files import SHIPPED
from adapters.wording import counted, figure, plain
from engine.run.conditions import Raised, Standing

CLIENT = SHIPPED / "clients" / "demo"


@dataclass(frozen=True, slots=True)
class Month:
    """One delivery of the demo: what its load said, the close after it (None where a trial would show nothing), and the
    exceptions that were accepted so that the close could be made for good.
    """

    delivery: Delivery
    load: LoadReport
    closed: Closed | None
    accepted: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo came to: months in order, each planted problem with whether it was found, and differences of
    counts that were not planted or did not show.
    """

    planted: Planted
    months: tuple[Month, ...]
    found: tuple[tuple[Problem, bool], ...]
    unexpected: tuple[Difference, ...]
    missing: tuple[Difference, ...]
    milliseconds: int

    @property
    def is_good(self) -> bool:
        """Whether every close was made as asked and exactly what was planted was found."""
        closes = [month.closed for month in self.months if month.closed is not None]
        closed = all(one.run is not None and not one.is_refused for one in closes)
        return closed and all(found for _, found in self.found) and not self.unexpected and not self.missing


@command("demo", "tieout demo", "tieout demo --folder demo-client")
@click.option(
    "--folder",
    "kept",
    type=EXISTING_OR_NOT,
    metavar="FOLDER",
    help="Keep the client in a new folder, to look around in it.",
)
@click.option("--seed", type=int, default=SEED, metavar="N", help="Another seed makes another client.")
def demo(terminal: Terminal, kept: Path | None, seed: int) -> int:
    """Make up a client with problems planted in its files, close four months, and show that each was found."""
    if kept is not None and kept.exists():
        raise RefusedError(f"{kept} is there already, nothing was written", "name a new folder")
    with _folder(kept) as folder, terminal.working("making up a client") as progress:
        result = run_demo(folder, seed, progress)
    text = page_text(demo_page(result), terminal.has_colour)
    text += _where_to_look(kept, result.planted)
    terminal.show(text, _values(result))
    return DONE if result.is_good else PROBLEMS


def run_demo(folder: Path, seed: int, progress: Progress) -> Demo:
    """Make the client in a folder, load and close delivery after delivery, and look for what was planted."""
    started = time.monotonic_ns()
    for path in sorted(CLIENT.iterdir()):
        shutil.copyfile(path, folder / path.name)
    planted = generate(folder / "incoming", seed)
    material = require_material(folder)
    months = tuple(_month(material, planted, one, progress) for one in planted.deliveries)
    progress("looking for what was planted")
    with open_books(material.client.books, write=False) as books:
        runs = tuple(one.run for one in (month.closed for month in months) if one is not None and one.run is not None)
        files = tuple(file for month in months for file in month.load.files)
        evidence = Evidence(planted, material.ruleset, books, files, tuple(refused_rows(books, None)), runs)
        found = tuple((problem, evidence.is_found(problem)) for problem in planted.problems)
        unexpected, missing = evidence.unexpected(), evidence.missing()
    return Demo(planted, months, found, unexpected, missing, (time.monotonic_ns() - started) // 10**6)


def demo_page(result: Demo) -> Page:
    """The page of the demo."""
    tenths = result.milliseconds // 100
    count = sum(found for _, found in result.found)
    sentence = f"{count:,} of {counted(len(result.found), 'planted problem')} found"
    aside = f"{result.planted.rows:,} rows, {tenths // 10}.{tenths % 10} s"
    differences = (
        *(("not planted", one) for one in result.unexpected),
        *(("did not show", one) for one in result.missing),
    )
    return Page(
        "Demo: four months of a client that was made up, with problems planted in its files",
        (
            "each delivery is loaded; a month is closed for good once its corrections are in, before that on trial",
            "what the rules do not let a hard close pass is accepted with a reason, which the page of the close shows",
        ),
        (
            _months(result.months),
            _tie_outs(result.months),
            _accepted(result.months),
            _problems(result.found),
            Checks("Counts that differ when a month is closed for good", (_counts(result, differences),)),
            Verdict(result.is_good, sentence, aside),
        ),
    )


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """The folder to work in: a new one to keep, or one that is gone afterwards."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="tieout-demo-") as name:
            yield Path(name)
        return
    kept.mkdir(parents=True)
    yield kept


def _where_to_look(kept: Path | None, planted: Planted) -> str:
    """What to type next, to see the evidence behind the page."""
    if kept is None:
        return "to look behind it, keep the client: `tieout demo --folder demo`\n"
    foreign = next(one for one in planted.problems if one.name == "unknown part")
    row = f"{Path(foreign.file).name}:{foreign.rows[0]}"
    commands = (
        "quarantine list",
        f"exceptions list {foreign.period}",
        f"explain --not {row}",
        f"journal {foreign.period}",
        "what-if as-the-trend-goes --hold-back 1",
        "books verify",
    )
    return "\n".join(["look behind it:", *(f"  tieout {one} --client {kept}" for one in commands)]) + "\n"


def _month(material: Material, planted: Planted, delivery: Delivery, progress: Progress) -> Month:
    kind = "hard close" if delivery.last_of_period else "trial"
    progress(f"{delivery.folder}: loading")
    with open_books(material.client.books, write=True, create=True) as books:
        load = load_client(books, material, [planted.folder / delivery.folder], delivery.received)
        if not delivery.last_of_period and not _shows_on_trial(planted, delivery.period):
            return Month(delivery, load, None)
        accepted: list[Standing] = []

        def review(refused: Closed) -> None:
            accepted.extend(_accept_planted(books, material, planted, refused))

        closed = close_period(
            books,
            material.ruleset,
            delivery.period,
            hard=delivery.last_of_period,
            review=review,
            progress=lambda words: progress(f"{delivery.period}: {kind}: {words}"),
        )
    return Month(delivery, load, closed, tuple(accepted))


def _accept_planted(books: Books, material: Material, planted: Planted, refused: Closed) -> Iterator[Standing]:
    """Accept what keeps a month from being closed for good, as a controller would who asked: each with its reason."""
    period = refused.result.period
    for standing in refused.conditions.in_the_way:
        because = reason(planted, standing.raised, period)
        if because:
            accepted = accept(books, material.ruleset, period, because, (standing.raised.id,))
            found = next(one for one in accepted.conditions.standings if one.raised.id == standing.raised.id)
            yield found


def reason(planted: Planted, raised: Raised, period: str) -> str:
    """What the controller would hear of an exception: the planted problem it stems from, or nothing."""
    where = dict(raised.row)
    notes = [
        f"{one.name}: {one.note}"
        for one in planted.problems
        if one.found in ("siso", "control") and one.period <= period
        if (one.partner, one.part) == (where.get("partner"), where.get("part"))
    ]
    return notes[-1] if notes else ""


def _shows_on_trial(planted: Planted, period: str) -> bool:
    """Whether a control raises something in a period that its corrections cure."""
    return any(one.period == period and one.found == "control" and one.cured for one in planted.problems)


def _months(months: Sequence[Month]) -> Table:
    columns = (
        Column("delivered"),
        Column("files", True),
        Column("rows", True),
        Column("quarantined", True),
        Column("closed"),
        Column("debits = credits", True),
        Column("late lines", True),
        Column("tie-outs"),
    )
    rows = []
    for month in months:
        loaded = [file for file in month.load.files if file.outcome is Outcome.LOADED]
        rows.append(
            (
                month.delivery.folder,
                f"{len(month.load.files):,}",
                f"{sum(file.received for file in loaded):,}",
                f"{month.load.quarantined:,}",
                *(("not yet", "", "", "") if month.closed is None else _close_cells(month.delivery, month.closed)),
            )
        )
    return Table("Months", columns, tuple(rows))


def _close_cells(delivery: Delivery, closed: Closed) -> tuple[str, str, str, str]:
    result = closed.result
    debits = sum((line.debit for line in result.journal), Decimal(0))
    held = sum(one.passed for one in result.tie_outs)
    kind = "hard" if delivery.last_of_period and not closed.is_refused else "trial"
    return (
        f"{result.period} {kind}",
        figure(debits, 2),
        f"{result.late_lines:,}",
        f"{held} of {len(result.tie_outs)} hold",
    )


def _tie_outs(months: Sequence[Month]) -> Checks:
    """The tie-outs of the last close, in full."""
    last = next(month.closed for month in reversed(months) if month.closed is not None)
    checks = tuple(
        Check(one.passed, one.sentence, (one.next_action,) * bool(one.next_action)) for one in last.result.tie_outs
    )
    return Checks(f"Tie-outs of {last.result.period}", checks)


def _accepted(months: Sequence[Month]) -> Table:
    """What was accepted before a month was closed for good, and why."""
    columns = (Column("in"), Column("exception", is_whole=True), Column("what"), Column("accepted because"))
    rows = tuple(
        (month.delivery.period, one.raised.id, f"{one.raised.where}: {one.raised.sentence}", one.acceptance.comment)
        for month in months
        for one in month.accepted
        if one.acceptance is not None
    )
    return Table("Hard closes refused at first, and what was accepted then", columns, rows)


def _problems(found: Sequence[tuple[Problem, bool]]) -> Table:
    """The planted problems, those alike in one row."""
    groups: dict[tuple[str, str, str, str], list[bool]] = {}
    for problem, was_found in found:
        groups.setdefault((problem.name, problem.period, problem.found, problem.by), []).append(was_found)
    columns = (Column("planted problem"), Column("in"), Column("found by"), Column("found", True), Column(""))
    rows = tuple(
        (name, period, f"{FINDERS[finder]}: {by}", f"{sum(hits)} of {len(hits)}", "✓" if all(hits) else "✗")
        for (name, period, finder, by), hits in sorted(groups.items(), key=lambda one: (one[0][1], one[0]))
    )
    return Table("Planted problems", columns, rows)


FINDERS = {
    "load": "what the load says",
    "quarantine": "quarantine",
    "adjustment": "adjustment",
    "control": "control",
    "siso": "reconciliation",
    "late": "late posting for",
}
"""What finds a planted problem, in words."""


def _counts(result: Demo, differences: Sequence[tuple[str, Difference]]) -> Check:
    planted = len(result.planted.differences)
    if not differences:
        return Check(
            True, f"{planted} of {planted} that must differ do; all other counts agree with what should be there"
        )
    lines = tuple(
        f"{words}: {one.period} {one.partner} {one.part} {one.units:+,} units, {one.treatment}"
        for words, one in differences
    )
    return Check(
        False, f"{len(result.unexpected)} differ and should not; {len(result.missing)} should differ and do not", lines
    )


def _values(result: Demo) -> dict[str, Any]:
    return {
        "good": result.is_good,
        "rows": result.planted.rows,
        "problems": [{**plain(problem), "was-found": found} for problem, found in result.found],
        "unexpected": plain(result.unexpected),
        "missing": plain(result.missing),
        "closes": [
            {
                "period": month.delivery.period,
                "kind": "hard" if month.delivery.last_of_period else "trial",
                "published": month.closed.run is not None,
                "refused": month.closed.is_refused,
                "accepted": [standing_json(one) for one in month.accepted],
            }
            for month in result.months
            if month.closed is not None
        ],
    }
