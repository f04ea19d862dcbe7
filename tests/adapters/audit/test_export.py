"""A period closed by two, handed over to an auditor, and verified where tieout is not installed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from adapters.audit.export import export
from adapters.audit.verifier import LIST, main, verify, verify_export
from adapters.books import store
from adapters.books.durable import sha256_file
from adapters.books.errors import BooksError
from adapters.books.store import open_books, verify_books
from adapters.cli.main import main as tieout
from adapters.cli.material import Material, require_material, restored
from adapters.closing.explain import explain
from engine.governance import acts
from tests.adapters.audit.governed import ROLES, Ticking, do
from tests.support.promises import SCALE, reached, trials
from tests.support.shop_client import make_shop

PERIOD = "FY2026-P01"


@contextmanager
def acting(person: str) -> Iterator[None]:
    """Everything done inside is done by a person."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "who_acts", lambda *_: person)
        yield


def run(person: str, client: Path, *words: str, code: int = 0) -> None:
    """A command as a person gives it."""
    with acting(person):
        assert tieout([*words, "--client", str(client)]) == code, words


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, whose books name people, with January asked for by one and closed by another."""
    folder = make_shop(tmp_path_factory.mktemp("audited") / "shop")
    version = require_material(folder).version
    with open_books(folder / "books", write=True, create=True, clock=Ticking(), actor="root") as books:
        do(books, "root", acts.Founded("ada", "Ada", "root"))
        for person in ("pia", "carl", "axel", "rita"):
            named = acts.PersonAdded(person, person.title(), person), acts.RoleGranted(person, ROLES[person][0])
            do(books, "ada", *named)
        do(books, "axel", acts.RulesDrafted(version, "0" * 64, "shop", (), "as agreed"))
        do(books, "rita", acts.RulesReviewed(version, "read"))
        do(books, "rita", acts.RulesApproved(version, "2026-01-01", "", "=cmd()"))
    run("pia", folder, "load", "--on", "2026-02-02")
    run("pia", folder, "close", PERIOD)
    run("pia", folder, "close", PERIOD, "--request", "--comment", "all is in")
    run("pia", folder, "close", PERIOD, "--approve", code=1)
    run("carl", folder, "close", PERIOD, "--approve")
    return folder


@pytest.fixture(scope="module")
def material(client: Path) -> Material:
    return require_material(client)


@pytest.fixture(scope="module")
def evidence(client: Path) -> Path:
    """The folder handed over, with two lines followed."""
    folder = client.parent / "evidence"
    run("pia", client, "audit", "export", str(folder), "--period", PERIOD, "--sample", "2")
    return folder


def test_a_period_closed_by_two_is_sound_to_the_second_verifier(client: Path) -> None:
    assert verify(client / "books").problems == ()


def test_the_folder_holds_what_an_auditor_asks_for(evidence: Path) -> None:
    there = {path.relative_to(evidence).parts[0] for path in evidence.rglob("*") if path.is_file()}
    assert there == {
        "README.txt", "memo.html", "memo.txt", "manifest.json", "journal.csv", "journal.parquet", "lineage", "rules",
        "decisions.csv", "overrides.csv", "exceptions.csv", "refused.csv", "acts.jsonl", "books", "books.heads",
        "verifier.py", "verifier_acts.py", LIST,
    }  # fmt: skip
    memo = " ".join((evidence / "memo.txt").read_text().split())
    for words in (
        "Corner Shop: evidence for FY2026-P01", "hard close 1, publication", "by carl",
        "debits = credits for US01, USD",
        "Who stands behind it", "close requested", "all is in", "pia may not do this, which is for a controller",
    ):  # fmt: skip
        assert words in memo, words
    assert (evidence / "journal.csv").read_text().count("\n") == 13
    assert "' =cmd()" in (evidence / "decisions.csv").read_text()
    assert "pia" in (evidence / "refused.csv").read_text()
    lines = sorted(path.name for path in (evidence / "lineage").iterdir())
    assert [name.rsplit(".")[-1] for name in lines] == ["json", "txt", "json", "txt"]
    assert ".csv" in (evidence / "lineage" / lines[1]).read_text()
    assert not [path for path in evidence.parent.iterdir() if path.name.startswith(".evidence")]


def test_it_verifies_itself_without_tieout_and_notices_every_edited_file(evidence: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "verifier.py", "."]
    done = subprocess.run(command, cwd=evidence, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0 problems, ")
    assert main([str(evidence), "--head", "1:0000000000000000"]) == 1
    copy = shutil.copytree(evidence, tmp_path / "copy")
    paths = sorted(one for one in copy.rglob("*") if one.is_file())
    for path in paths[:: 4 if SCALE == "commit" else 1]:
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert verify_export(copy).problems, path
        path.unlink()
        if path.name != LIST:
            assert verify_export(copy).problems, path
        path.write_bytes(before)
    (copy / "more.txt").write_text("mine")
    assert verify_export(copy).problems == (f"more.txt is not in {LIST}",)
    (copy / "more.txt").unlink()
    assert verify_export(copy).problems == ()


def test_a_list_made_anew_does_not_hide_what_the_ledger_tells(evidence: Path, tmp_path: Path) -> None:
    for name, sentence in (
        ("acts.jsonl", "acts.jsonl is not what the ledger tells"),
        ("journal.parquet", "journal.parquet is not the journal of run"),
        ("rules/001-shop.tieout", "rules are not the texts that run"),
        ("manifest.json", "manifest.json is not that of run"),
    ):
        copy = shutil.copytree(evidence, tmp_path / name.replace("/", "-"))
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content + b" ")
        paths = sorted(one.relative_to(copy).as_posix() for one in copy.rglob("*") if one.is_file())
        listed = [f"{sha256_file(copy / one)}  {one}\n" for one in paths if one != LIST]
        (copy / LIST).write_text("".join(listed))
        [problem] = verify_export(copy).problems
        assert problem.startswith(sentence)


def test_what_cannot_be_handed_over_leaves_nothing(client: Path, material: Material, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    with open_books(client / "books", write=False) as books:
        ask = (books, material.ruleset, restored, "Shop")
        with pytest.raises(BooksError, match="is there already, nothing was written"):
            export(*ask, PERIOD, taken)
        with pytest.raises(BooksError, match="was not closed yet"):
            export(*ask, "FY2026-P02", tmp_path / "none")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("adapters.audit.export.page_html", _stopped)
            with pytest.raises(KeyboardInterrupt):
                export(*ask, PERIOD, tmp_path / "none", sample=0)
        again = export(*ask, PERIOD, tmp_path / "first", sample=0)
    assert again.sample == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "taken"]


def _stopped(*_: object) -> str:
    raise KeyboardInterrupt


def test_every_line_leads_to_delivered_rows_a_rule_and_people_and_back(client: Path, material: Material) -> None:
    """P17, in both directions; with each commit a third of the lines, at night and for a release all of them."""
    delivered = {
        (name, number)
        for name in ("shipments_2026-01.csv", "sales_2026-01.csv")
        for number in range(2, 2 + (client / "incoming" / name).read_text().count("\n") - 1)
    }
    back: dict[tuple[str, int], list[str]] = {}
    with open_books(client / "books", write=False) as books:
        last = books.runs("fiscal", PERIOD)[-1]
        journal = books.path(books.run_entries(last)["ledger_line"])
        with duckdb.connect() as connection:
            lines = dict(connection.execute("SELECT id, amount FROM read_parquet($1)", [str(journal)]).fetchall())
        asked = sorted(lines)[:: 3 if SCALE == "commit" else 1]
        bare, made = [], list[str]()
        for line in asked:
            told = explain(books, material.ruleset, line, restored, everything=True)
            # What an adjustment recorded was delivered by nobody: it leads to its rule and the row it was made from.
            made += (rules := [line for one in told.sources if one.made_by is not None and one.made_from])
            raws = [one.raw or one.made_from_raw for one in told.sources if one.raw or not rules]
            parts = sum((one.amount or 0 for one in told.sources), told.rest[1])
            if (
                not (raws or rules)
                or None in raws
                or not told.adds_up
                or parts != lines[line]
                or not told.journal.place.line
            ):
                bare.append(line)
            for raw in raws:
                back.setdefault(("", 0) if raw is None else (raw.file, raw.row), []).append(line)
        people = {one.act.verb: one.by for one in books.ledger.happened()}
    assert bare == []
    assert back.keys() <= delivered
    assert SCALE == "commit" or back.keys() == delivered, "each delivered row that moves value leads to lines"
    assert (people["rules approved"], people["close requested"], people["hard closed"]) == ("rita", "pia", "carl")
    reached(
        "P17", "journal lines of a close by two, followed to delivered rows", len(asked), len(bare),
        delivered_rows=len(back), lines_of_recorded_facts=len(made),
    )  # fmt: skip


def test_lineage_that_is_gone_or_thinned_fails_both_verifiers(client: Path, tmp_path: Path) -> None:
    books = client / "books"
    work = tmp_path / "books"
    shutil.copytree(books, work)
    shutil.copy(f"{books}.heads", f"{work}.heads")
    with open_books(books, write=False) as opened:
        last = opened.runs("fiscal", PERIOD)[-1]
        names = ("entry_defer", "entry_earn", "event", "slice", "layer_origin", "source.rows", "sale", "shipment")
        paths = [one.path for one in opened.ledger.files() if one.name in names and one.rows]
        assert {f"runs/{last.id:08d}/slice.parquet", f"runs/{last.id:08d}/event.parquet"} <= set(paths)
    ran, unfound, chance = trials(1_000, per_commit=6), [], random.Random(17)
    with duckdb.connect() as connection:
        for number in range(ran):
            path = work / chance.choice(paths)
            before = path.read_bytes()
            path.unlink()
            if chance.random() < 0.8:
                # A row is taken out, and the file is sound Parquet.
                whole = str(books / path.relative_to(work))
                query = "SELECT * FROM read_parquet($1) LIMIT (SELECT count(*) - 1 FROM read_parquet($1))"
                connection.execute(f"COPY ({query.replace('$1', repr(whole))}) TO {str(path)!r} (FORMAT parquet)")
            if not verify_books(work) or not verify(work).problems:
                unfound.append(number)
            path.unlink(missing_ok=True)
            path.write_bytes(before)
    reached("P17", "files of lineage deleted, or a row taken out of them", ran, len(unfound))
    assert unfound == []
    assert json.loads(last.manifest)["kind"] == "hard"
