"""The demo as a user runs it, once: it takes most of a minute, so one test looks at everything it left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adapters.books.store import open_books
from adapters.cli.demo_evidence import Evidence
from adapters.cli.intake import refused_rows
from adapters.cli.material import require_material
from adapters.demo.generate import generate
from adapters.demo.planted import Planted
from engine.run.close import close_calendar
from tests.support.commands import Tieout

PLANTED = {
    "TOTAL row",
    "duplicate sale",
    "file delivered twice",
    "late sale",
    "malformed date",
    "malformed number",
    "missing stock report",
    "oversell",
    "repeated row",
    "sale dated in the wrong period",
    "unknown part",
    "unreported sell-through",
}


def test_the_demo_finds_each_planted_problem_and_nothing_else(tieout: Tieout, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    outcome = tieout("demo", "--into", str(folder), "--format", "json")
    values = outcome.values
    assert {one["name"] for one in values["problems"]} >= PLANTED
    assert [one for one in values["problems"] if not one["was-found"]] == []
    assert (values["unexpected"], values["missing"]) == ([], [])
    assert [one["kind"] for one in values["closes"]] == ["trial", "hard"] * 3 + ["hard"]
    assert all(one["published"] for one in values["closes"])
    assert values["rows"] >= 30_000
    assert outcome.code == 0

    assert tieout("books", "verify", "--client", str(folder)).code == 0
    planted = generate(tmp_path / "again")
    assert _not_found_where_it_is_not(folder, planted) == []
    again = tieout("demo", "--into", str(folder))
    assert (again.code, again.out) == (1, "")
    assert "is there already, nothing was written" in again.err


def _not_found_where_it_is_not(folder: Path, planted: Planted) -> list[str]:
    """Problems that the search also finds where they were not planted: then finding them says nothing."""
    material = require_material(folder)
    with open_books(material.client.books, write=False) as books:
        runs = books.runs(close_calendar(material.ruleset).name)
        evidence = Evidence(planted, material.ruleset, books, (), tuple(refused_rows(books, None)), runs)
        wrong = []
        for problem in planted.problems:
            if problem.found == "load":
                continue
            elsewhere = replace(problem, part="nowhere", rows=(1_000_000,) if problem.rows else ())
            named = problem.part or problem.rows
            if (named and evidence.is_found(elsewhere)) or evidence.is_found(replace(problem, by="nothing")):
                wrong.append(f"{problem.name} {problem.period} {problem.found} {problem.by}")
        moved = replace(planted, differences=planted.differences[1:])
        assert len(replace(evidence, planted=moved).unexpected()) == 1
        assert evidence.unexpected() == evidence.missing() == ()
    return wrong
