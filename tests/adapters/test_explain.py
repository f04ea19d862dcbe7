"""Explanations of a small client's books: every line leads to its rows, and every row to its lines or to why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlglot import exp

from adapters.books.errors import BooksError
from adapters.books.store import Books, open_books
from adapters.cli.main import main
from adapters.closing import running
from adapters.closing.explain import evidence_of, explain
from adapters.closing.explain_row import explain_row
from adapters.explain_text import WIDTH, line_json, line_text, row_json, row_text
from adapters.ruleset_files import read_texts
from engine.model.ruleset import Ruleset
from engine.plan.posting.journal import entry_name
from engine.plan.posting.true_up import posted_lines
from engine.plan.relation import column, table
from engine.plan.units.stock import union_all
from engine.run.explanation import LineExplanation, RowExplanation
from engine.run.shares import shares_query
from tests.support.corner_client import ONE_THREAD, make_corner, read_corner
from tests.support.golden import Golden


class Corner:
    """The client's books, opened to be explained."""

    def __init__(self, folder: Path, ruleset: Ruleset, books: Books) -> None:
        self.folder = folder
        self.ruleset = ruleset
        self.books = books
        self._lines: dict[str, LineExplanation] = {}
        self._rows: dict[str, RowExplanation] = {}

    def line(self, line: str) -> LineExplanation:
        """A line explained, once for all tests."""
        if line not in self._lines:
            self._lines[line] = explain(self.books, self.ruleset, line, restored, resources=ONE_THREAD)
        return self._lines[line]

    def row(self, asked: str) -> RowExplanation:
        """A row, or a fact, explained, once for all tests."""
        if asked not in self._rows:
            incoming = self.folder / "incoming"
            self._rows[asked] = explain_row(self.books, self.ruleset, asked, restored, incoming, ONE_THREAD)
        return self._rows[asked]


def restored(texts: object) -> Ruleset:
    ruleset, diagnostics = read_texts(texts)  # type: ignore[arg-type]  # the books' own texts
    assert ruleset is not None, list(diagnostics)
    return ruleset


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corner]:
    folder = tmp_path_factory.mktemp("corner") / "corner"
    ruleset = make_corner(folder)
    with open_books(folder / "books", write=False) as books:
        yield Corner(folder, ruleset, books)


@pytest.fixture(autouse=True)
def _no_close(monkeypatch: pytest.MonkeyPatch, corner: Corner) -> None:
    """Explaining never runs a close again."""
    assert corner.books.runs("fiscal")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a close was run")

    monkeypatch.setattr(running, "run_period", refuse)


# ---- lines -----------------------------------------------------------------------------------------------------------


def test_a_line_leads_to_its_rule_its_layers_and_its_rows(corner: Corner, golden: Golden) -> None:
    text = line_text(corner.line("JL-FY2026-P01-000010"))
    golden.check("line.txt", text)
    assert max(map(len, text.splitlines())) <= WIDTH


def test_made_and_moved_facts_lead_to_what_made_and_moved_them(corner: Corner, golden: Golden) -> None:
    golden.check("made-and-moved.txt", line_text(corner.line("JL-FY2026-P01-000012")))


def test_the_sources_of_every_line_add_up_to_it(corner: Corner) -> None:
    seen = 0
    for run in corner.books.runs("fiscal"):
        with evidence_of(corner.books, corner.ruleset, run, restored, ONE_THREAD) as evidence:
            world = evidence.world
            shares = union_all(
                [
                    shares_query(world, journal, number)
                    for journal in corner.ruleset.journals.values()
                    if world.has(entry_name(journal))
                    for number in range(1, len(posted_lines(corner.ruleset, journal)) + 1)
                ]
            )
            summed = exp.select(column("id"), exp.alias_(exp.Sum(this=column("amount")), "total"))
            summed = summed.from_(shares.subquery("shares")).group_by(column("id"))
            lines = world.executor.rows(exp.select(column("id"), column("amount")).from_(table("ledger line")))
            assert dict(world.executor.rows(summed)) == dict(lines)  # type: ignore[arg-type]  # rows are untyped
            seen += len(lines)
    assert seen == 20


def test_shown_rows_and_the_rest_are_the_line(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.run.explain.SHOWN", 1)
    short = explain(corner.books, corner.ruleset, "JL-FY2026-P01-000010", restored, resources=ONE_THREAD)
    assert [one.amount for one in short.sources] == [Decimal("175.03")]
    assert short.rest == (1, Decimal("75.02"))
    assert short.adds_up
    assert "and 1 more row of 75.02 together; `--all` shows them" in line_text(short)
    assert "✓ 2 rows: 175.03 + 75.02 = 250.05" in line_text(short)
    whole = explain(
        corner.books, corner.ruleset, "JL-FY2026-P01-000010", restored, everything=True, resources=ONE_THREAD
    )
    assert [one.amount for one in whole.sources] == [Decimal("175.03"), Decimal("75.02")]
    assert whole.rest == (0, Decimal(0))


def test_a_layer_gives_what_its_units_carried_and_rounds_along_the_way(corner: Corner) -> None:
    found = corner.line("JL-FY2026-P01-000010")
    (layer,) = found.layers
    assert (layer.of, layer.quantity, layer.stretch) == ("shipment US01, S-1", Decimal(10), (Decimal(0), Decimal(10)))
    assert dict(layer.carried) == {"basis": "sell-through", "unit-price": "25.005"}
    assert layer.raw is not None
    assert layer.raw.text == "S-1,ACME,X100,10,25.005,2026-01-05,2026-01-06"
    assert found.exact == Decimal("250.05")
    assert {one.name: one.value for one in found.amounts} == {"gross": Decimal("250.05")}


def test_a_late_line_says_which_period_it_belongs_to(corner: Corner) -> None:
    text = line_text(corner.line("JL-FY2026-P02-000006"))
    assert "posted by trial 1 of FY2026-P02, published 2026-03-01 09:00 UTC" in text
    assert "late: it belongs to FY2026-P01, which was closed before it could post" in text
    assert "sales_2026-02.csv row 2  P-20,ACME,X200,1,2026-01-28,2026-02-02" in text


def test_units_that_waited_lead_to_the_sale_of_the_closed_period(corner: Corner) -> None:
    found = corner.line("JL-FY2026-P02-000004")
    (source,) = found.sources
    assert (dict(source.identity)["number"], source.quantity, source.amount) == ("P-4", Decimal(1), Decimal("30.00"))
    assert [one.of for one in found.layers] == ["shipment US01, S-7"]


def test_units_that_come_back_swap_the_sides(corner: Corner) -> None:
    found = corner.line("JL-FY2026-P02-000008")
    assert (found.line.side, found.line.account, found.line.amount) == ("debit", "4010", Decimal("90.00"))
    assert found.adds_up
    text = line_text(found)
    assert "credit product-revenue gross" in text
    assert "on the other side, a debit, since units came back" in text


def test_a_line_as_values(corner: Corner) -> None:
    values = json.loads(json.dumps(line_json(corner.line("JL-FY2026-P01-000001"))))
    assert values["line"]["amount"] == "250.05"
    assert values["journal"]["name"] == "defer"
    assert values["sources"][0]["raw"]["row"] == 2
    kept = next(one for one in values["basis"][0]["candidates"] if one["name"] == "kept-until-resale")
    assert (kept["in-play"], kept["defeated-by"], kept["tests"][0]["holds"]) == (True, [], True)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("JL-FY2026-P01-000099", "hard 1 of FY2026-P01 has no journal line JL-FY2026-P01-000099"),
        ("JL-FY2026-P07-000001", "FY2026-P07 was not closed yet, so it has no journal lines"),
        ("JL-FY2026-P77-000001", "is no journal line; lines are called like JL-FY2026-P01-000482"),
        ("P-1", "P-1 is no journal line"),
    ],
)
def test_a_line_that_is_not_there(corner: Corner, line: str, sentence: str) -> None:
    with pytest.raises(BooksError, match=sentence):
        corner.line(line)


def test_a_line_is_explained_by_the_rules_that_ran(corner: Corner, tmp_path: Path) -> None:
    text = (corner.folder / "corner.tieout").read_text("utf-8")
    (tmp_path / "corner.tieout").write_text(text.replace("partner.model is one of resale, consignment", "part is X200"))
    changed = read_corner(tmp_path)
    found = explain(corner.books, changed, "JL-FY2026-P01-000010", restored, resources=ONE_THREAD)
    assert line_text(found) == line_text(corner.line("JL-FY2026-P01-000010"))


# ---- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("sales_2026-01.csv:7", ['it is in quarantine, so it is no fact: quantity: "l2" is not a number']),
        (
            "sales_2026-01_again.csv:9",
            ["sales_2026-01_again.csv has the content of sales_2026-01.csv, loaded 2026-02-01"],
        ),
        ("sales_2026-01.csv:8", ["version 2 of the same fact stands in its place: sales_2026-01_corrected.csv row 2"]),
        (
            "sales_2026-01.csv:3",
            ["it is left out as a twin of sale US01, P-1 (sales_2026-01.csv row 2), which stays (twice)"],
        ),
        (
            "sales_2026-01.csv:9",
            ["it is dated 2026-04-02, and the last period closed is FY2026-P02, through 2026-02-28"],
        ),
        (
            "shipments_2026-01.csv:4",
            [
                "journal `defer` does not post it (defer)",
                "basis is nothing-due, needs sell-through",
                "basis is nothing-due: no-invoice",
                "partner.model is consignment",
                "they move units from road to shelf, both inside layers `units`, so no value moves (arrival)",
            ],
        ),
        ("shipments_2026-01_b.csv:2", ["the same row is shipments_2026-01.csv row 3, loaded 2026-02-01"]),
        (
            "sales_2026-01.csv:5",
            [
                "1 of its 8 units wait for the next receipt: more were sold than held (units)",
                "JL-FY2026-P01-000010 credit 4010 175.03",
                "JL-FY2026-P02-000004 credit 4010 30.00",
            ],
        ),
        (
            "unreported ACME",
            [
                "layers `units` ignore facts marked adjusted (units)",
                "evidence is reported",
                "evidence is reported: ",
            ],
        ),
        (
            "P-7",
            [
                "journal `earn` does not post it (earn)",
                "treatment is block, needs not block",
                "treatment-of is high, block, controller: large",
                "absolute value is 280.00, at least 200 USD",
            ],
        ),
        ("sales_2026-01.csv:10", ["what journal `earn` would post of it comes to nothing (earn)"]),
        (
            "counts_2026-01.csv:5",
            ["it states how many units there are in shelf: it is compared (count)", "reported is 2, at least 0 units"],
        ),
        ("masters_2026-01.csv:10", ["feed masters sets such rows aside"]),
        ("masters_2026-01.csv:3", ["it is a row of register partner; registers post nothing, rules read them"]),
        ("sales_2026-02_late.csv:2", ["it was loaded after trial 1 of FY2026-P02; close the period again"]),
        ("US01/S-2", ["JL-FY2026-P01-000003 debit 1210 400.00"]),
    ],
)
def test_what_became_of_a_row(corner: Corner, asked: str, told: list[str]) -> None:
    found = corner.row(asked)
    said = told_of(found)
    assert [one for one in told if not any(one in sentence for sentence in said)] == [], said
    text = row_text(found)
    words = " ".join(text.split())
    assert all(one.words in words for fact in found.facts for reason in fact.reasons for one in reason.tests)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert json.loads(json.dumps(row_json(found)))["asked"] == asked


def test_a_row_that_posts_nothing_as_text(corner: Corner, golden: Golden) -> None:
    golden.check("row.txt", row_text(corner.row("shipments_2026-01.csv:4")))


def told_of(found: RowExplanation) -> list[str]:
    """Everything that is said of a row: sentences, reasons with their tests, lines."""
    told = [*found.sentences]
    for fact in found.facts:
        told += [f"{one.id} {one.side} {one.account} {one.amount}" for one in fact.lines]
        for reason in fact.reasons:
            told.append(reason.sentence if reason.rule is None else f"{reason.sentence} ({reason.rule.name})")
            told += [one.words for one in reason.tests]
        for answer in fact.basis:
            held = next(one for one in answer.candidates if one.stands)
            told.append(f"{answer.item} is {answer.outcome}: {held.name}")
            told += [one.words for one in held.tests]
    return told


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("sales_2026-01.csv:99", "sales_2026-01.csv has no row 99"),
        ("sales_2026-O1.csv:3", "no file called sales_2026-O1.csv was loaded; did you mean sales_2026-01.csv"),
        ("P-404", "no fact is called P-404; name a row as FILE:ROW"),
        ("US01", "more than 10 facts are called US01; name more of what identifies the one meant"),
    ],
)
def test_a_row_that_is_not_there(corner: Corner, asked: str, sentence: str) -> None:
    with pytest.raises(BooksError, match=sentence):
        corner.row(asked)


# ---- the command -----------------------------------------------------------------------------------------------------


def test_the_command(corner: Corner, capsys: pytest.CaptureFixture[str]) -> None:
    client = ["--client", str(corner.folder)]
    assert main(["explain", *client, "JL-FY2026-P01-000010"]) == 0
    assert capsys.readouterr().out == line_text(corner.line("JL-FY2026-P01-000010"))
    assert main(["explain", *client, "--not", "P-404"]) == 1
    assert "no fact is called P-404" in capsys.readouterr().err
    assert main(["explain", *client]) == 2
    assert "name a journal line, or a row with --not" in capsys.readouterr().err
