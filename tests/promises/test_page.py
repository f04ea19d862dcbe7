"""The page of promises says what was reached, and nothing else."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from tests.promises.page import PAGE, Figure, Reached, added_up, bound, read, renewed, text, verdict
from tests.promises.report import files_proving, promises_of
from tests.promises.table import PROMISES, Promise
from tests.support.repository import module_from_text
from tests.support.shared import ROOT

HELD = Figure("P5", "kills", "tests/x.py::test_x", "release", "2026-11-22", 100, 0, {"opened": 100})
PROMISE = Promise("P5", "A kill leaves no part.", "0 of 100", 100)


def functions_of(path: str) -> set[str]:
    """The functions a file has at its top level; none where there is no such file."""
    place = ROOT / path
    tree = ast.parse(place.read_text(encoding="utf-8")) if place.exists() else ast.Module([], [])
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_page_is_what_the_figures_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(PROMISES, read()), "run `make promises`, or with --page"


def test_every_promise_of_the_design_is_there_once() -> None:
    assert [one.number for one in PROMISES] == [f"P{number}" for number in range(1, 26)]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.number)
def test_tests_named_for_a_promise_exist(promise: Promise) -> None:
    named = {*promise.tests, *(one.test for one in read().figures if one.promise == promise.number)}
    missing = [one for one in sorted(named) if one.partition("::")[2] not in functions_of(one.partition("::")[0])]
    assert missing == []


def test_every_figure_is_recorded_for_a_promise_that_there_is() -> None:
    known = {one.number for one in PROMISES}
    assert {one.promise for one in read().figures} <= known
    assert "tests/engine/test_values_oracle.py" in files_proving(["P16"])


def test_who_records_a_figure_is_found_in_the_text() -> None:
    text_of_test = 'reached("P7", "x", 1, 0)\npromises.reached("P8", "y", 1, 0)\nreached(a)'
    found = module_from_text("tests/test_x.py", text_of_test)
    assert promises_of(found) == {"P7", "P8"}


@pytest.mark.parametrize(
    ("figures", "failed", "said"),
    [
        ([HELD], [], "met"),
        ([replace(HELD, trials=99)], [], "held, 99 of 100 trials"),
        ([replace(HELD, failures=1)], [], "not met"),
        ([HELD], ["tests/x.py::test_x[1]"], "not met"),
        ([], [], "not proved"),
    ],
)
def test_the_standing_of_a_promise(figures: list[Figure], failed: list[str], said: str) -> None:
    assert verdict(PROMISE, figures, failed) == said
    assert f"Standing: **{said}**" in text([PROMISE], Reached(tuple(figures), tuple(failed)))


def test_what_is_not_shown_yet_keeps_a_promise_from_being_met() -> None:
    assert verdict(replace(PROMISE, missing="power cuts"), [HELD], []) == "met in part"
    assert verdict(replace(PROMISE, tests=("tests/x.py::test_x",)), [], []) == "not proved: examples only"


def test_the_bound_is_three_in_the_trials_and_none_where_one_failed() -> None:
    assert (bound(10_000, 0), bound(60, 0), bound(3, 0), bound(100, 1)) == ("< 0.03 %", "< 5 %", "none", "—")


def test_lines_of_one_proof_are_added_up_and_a_peak_is_the_largest() -> None:
    line = {"promise": "P5", "proof": "kills", "test": "tests/x.py::test_x", "scale": "release"}
    lines = [
        line | {"trials": 60, "failures": 0, "counted": {"opened": 60, "peak_mb": 7}},
        line | {"trials": 40, "failures": 1, "counted": {"opened": 39, "peak_mb": 5}},
    ]
    assert added_up(lines, "2026-11-22") == (replace(HELD, failures=1, counted={"opened": 99, "peak_mb": 7}),)


def test_what_other_promises_reached_stays_and_what_passed_now_is_no_longer_said_to_fail() -> None:
    other = replace(HELD, promise="P6", test="tests/y.py::test_y")
    before = Reached((HELD, other), ("tests/x.py::test_x[1]", "tests/y.py::test_y"))
    again = replace(HELD, trials=200)
    assert renewed(before, Reached((again,), ()), ["P5"]) == Reached((again, other), ("tests/y.py::test_y",))
