from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from adapters.books.entries import RunKind
from adapters.books.store import Books, open_books, verify_books
from adapters.cli import demo as command
from adapters.cli.demo import Demo, demo_page, reason, run_demo
from adapters.cli.demo_evidence import Evidence
from adapters.cli.faults import DONE, PROBLEMS
from adapters.cli.main import main
from adapters.cli.material import require_material
from adapters.demo.generate import SEED, generate
from adapters.demo.planted import Difference, Planted, Problem
from adapters.quarantine import refused_rows
from adapters.report.text import page_text
from tests.support import promises
from tests.support.demo_files import KINDS_PLANTED, LATER_KINDS, read_facts

MONTHS = promises.trials(4, per_commit=2, nightly=4)
"""Months that are closed: each commit closes two, which takes half the time; the night and `make demo` close all."""
KINDS = KINDS_PLANTED if MONTHS == 4 else tuple(kind for kind in KINDS_PLANTED if kind not in LATER_KINDS)


@dataclass(frozen=True)
class Shown:
    demo: Demo
    books: Books
    evidence: Evidence


def _run(folder: Path) -> tuple[Path, Demo]:
    """The demo as a user runs it, in a folder to keep, with what the command itself made of it."""
    made: list[Demo] = []

    def kept(*arguments: Any) -> Demo:
        made.append(run_demo(*arguments))
        return made[0]

    def first_months(*arguments: Any) -> Planted:
        return _first_months(generate(*arguments))

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setattr(command, "run_demo", kept)
        patch.setattr(command, "generate", first_months)
        assert main(["demo", "--folder", str(folder), "--seed", str(SEED)]) == DONE
    assert f"tieout books verify --client {folder}" in out.getvalue()
    return folder, made[0]


def _first_months(planted: Planted) -> Planted:
    """What shows in the months that are closed: the files of later deliveries are written and never loaded."""
    last = f"FY2026-P0{MONTHS}"
    return replace(
        planted,
        deliveries=tuple(one for one in planted.deliveries if one.period <= last),
        problems=tuple(one for one in planted.problems if one.period <= last),
        differences=tuple(one for one in planted.differences if one.period <= last),
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder, demo = _run(tmp_path_factory.mktemp("demo") / "client")
    material = require_material(folder)
    closes = [month.closed for month in demo.months if month.closed is not None]
    runs = tuple(one.run for one in closes if one.run is not None)
    files = tuple(file for month in demo.months for file in month.load.files)
    with open_books(material.client.books, write=False) as books:
        rows = tuple(refused_rows(books, None))
        yield Shown(demo, books, Evidence(demo.planted, material.ruleset, books, files, rows, runs))


def test_every_name_is_planted(shown: Shown) -> None:
    assert {problem.name for problem in shown.demo.planted.problems} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_each_planted_problem_is_found_where_it_must_show(shown: Shown, name: str) -> None:
    found = [(problem, was_found) for problem, was_found in shown.demo.found if problem.name == name]
    assert found
    assert [problem for problem, was_found in found if not was_found] == []


@pytest.mark.parametrize("name", KINDS)
def test_a_problem_that_is_not_there_is_not_found(shown: Shown, name: str) -> None:
    for problem in (one for one in shown.demo.planted.problems if one.name == name):
        assert not shown.evidence.is_found(replace(problem, by="nothing-of-this-name"))
        for other in _elsewhere(problem):
            assert not shown.evidence.is_found(other), other


def _elsewhere(problem: Problem) -> list[Problem]:
    """The same problem with one thing about it changed that its finder looks at."""
    if problem.found == "quarantine":
        return [replace(problem, rows=tuple(row - 1 for row in problem.rows))]
    if problem.found == "siso":
        return [replace(problem, units=problem.units + 1), replace(problem, part="S-99")]
    if problem.found in ("control", "late"):
        return [replace(problem, partner="NOBODY")] if problem.by != "return-without-right" else []
    if problem.found == "adjustment" and problem.rows:
        return [replace(problem, rows=(1,), units=-1)]
    return [replace(problem, units=-1)] if problem.found == "adjustment" else []


def test_the_differences_that_remain_are_exactly_the_planted_ones(shown: Shown) -> None:
    assert set(shown.evidence.differences()) == set(shown.demo.planted.differences)
    assert shown.demo.unexpected == ()
    assert shown.demo.missing == ()


def test_a_difference_that_was_not_planted_and_one_that_does_not_show_are_told(shown: Shown) -> None:
    first, *others = shown.demo.planted.differences
    invented = Difference(f"FY2026-P0{MONTHS}", "ECHO", "A-01", -3, "exception")
    planted = replace(shown.demo.planted, differences=(*others, invented))
    evidence = replace(shown.evidence, planted=planted)
    assert evidence.unexpected() == (first,)
    assert evidence.missing() == (invented,)


def test_every_month_is_hard_closed_and_every_tie_out_holds(shown: Shown) -> None:
    closes = [month.closed for month in shown.demo.months if month.closed is not None]
    named = [f"FY2026-P0{month}" for month in (1, 2, 2, 3, 3, 4) if month <= MONTHS]
    assert [one.result.period for one in closes] == named
    runs = [one.run for one in closes if one.run is not None]
    assert [run.period for run in runs if run.kind is RunKind.HARD] == list(dict.fromkeys(named))
    tie_outs = [(one.result.period, tie_out) for one in closes for tie_out in one.result.tie_outs]
    assert len(tie_outs) >= 6 * len(closes)
    assert [one for one in tie_outs if not one[1].passed] == []


def test_what_the_conditions_refuse_is_accepted_with_its_reason_and_then_closed(shown: Shown) -> None:
    accepted = {(month.delivery.period, one.raised.where): one for month in shown.demo.months for one in month.accepted}
    left = {
        (one.period, f"US01, {one.partner}, {one.part}")
        for one in shown.demo.planted.differences
        if one.treatment == "exception"
    }
    assert set(accepted) == left
    reasons = {one.acceptance.comment.partition(":")[0] for one in accepted.values() if one.acceptance is not None}
    assert reasons == {"unreported sell-through", "sale not yet reported", "lasting difference"} & set(KINDS)
    kept = [(run.period, run.kind) for run in shown.books.runs("fiscal")]
    for period in {period for period, _ in left}:
        last_two = [kind for one, kind in kept if one == period][-2:]
        assert last_two == [RunKind.TRIAL, RunKind.HARD]
    text = page_text(demo_page(shown.demo))
    assert all(one.raised.id in text for one in accepted.values())


def test_an_exception_that_nothing_explains_is_not_accepted(shown: Shown) -> None:
    one = next(one for month in shown.demo.months for one in month.accepted).raised
    assert reason(shown.demo.planted, one, "FY2026-P01") != ""
    elsewhere = replace(one, row=(("partner", "NOBODY"), ("part", "X")))
    assert reason(shown.demo.planted, elsewhere, "FY2026-P04") == ""


def test_units_sold_in_the_books_are_those_of_the_files_without_what_waits_in_quarantine(shown: Shown) -> None:
    facts, _ = read_facts(shown.demo.planted.folder)
    loaded = {one.folder for one in shown.demo.planted.deliveries}
    told = sum(fact.quantity for fact in facts if fact.what == "sale" and fact.folder in loaded)
    waiting = sum(one.units for one in shown.demo.planted.problems if one.name in ("repeated row", "unknown part"))
    entries = shown.books.fact_entries("pos-sale")
    columns = [pyarrow.parquet.read_table(shown.books.path(one), columns=["quantity"])["quantity"] for one in entries]
    assert sum(value.as_py() for column in columns for value in column) == told - waiting


def test_the_page_has_a_cross_where_a_problem_is_not_found(shown: Shown) -> None:
    good = page_text(demo_page(shown.demo), False)
    assert "✗" not in good
    (problem, _), *others = shown.demo.found
    worse = replace(shown.demo, found=((problem, False), *others))
    assert not worse.is_good
    assert "✗" in page_text(demo_page(worse), False)


def test_the_books_left_behind_are_whole(shown: Shown) -> None:
    assert list(verify_books(shown.books.layout.folder)) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--folder", str(tmp_path)]) == PROBLEMS
    assert "is there already, nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
