from __future__ import annotations

import ast
import hashlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from adapters.audit import verifier, verifier_acts
from adapters.audit.verifier import main, verify
from adapters.books import changes, schema
from adapters.books.anchor import anchor_of
from adapters.books.entries import NewAcceptance, RunKind
from adapters.books.store import Books, open_books, verify_books
from engine.governance import acts
from engine.governance.scene import Scene
from engine.governance.state import digest_of
from tests.adapters.audit import governed
from tests.adapters.audit.governed import FEBRUARY, JANUARY, POLICY, VERSION, Ticking, about, do, manifest_of, proposal
from tests.adapters.books.publishing import CALENDAR, publish_acceptance, publish_load, publish_run, register_months

PARTS = (verifier, verifier_acts)


def test_sound_books_have_no_problems_and_are_left_as_they_are(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    found = verify(folder)
    assert found.problems == ()
    with sqlite3.connect(folder / "ledger.sqlite") as ledger:
        [(seq, digits)] = ledger.execute("SELECT seq, hash FROM head").fetchall()
    ledger.close()
    assert (found.publications, found.head) == (seq, f"{seq}:{digits}")
    assert sorted(folder.rglob("*")) == before


def test_it_shares_no_code_with_tieout_and_needs_only_python() -> None:
    for part in PARTS:
        assert part.__file__ is not None
        tree = ast.parse(Path(part.__file__).read_text(encoding="utf-8"))
        taken = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
        taken |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {one.split(".")[0] for one in taken} <= sys.stdlib_module_names


def test_it_runs_alone_where_nothing_is_installed(folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    for part in PARTS:
        assert part.__file__ is not None
        shutil.copy(part.__file__, alone)
    command = [sys.executable, "-I", "-S", "verifier.py"]
    sound = subprocess.run([*command, str(folder)], cwd=alone, env={}, capture_output=True, text=True, check=False)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout == f"0 problems, 46 publications, head {verify(folder).head}\n"
    (folder / "facts" / "note.txt").write_text("mine")
    wrong = subprocess.run([*command, str(folder)], cwd=alone, env={}, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stdout.startswith(f"{folder}: facts/note.txt is named by no publication\n1 problems, ")


def test_its_own_statement_of_the_format_is_that_of_the_ledger() -> None:
    assert {table: tuple(columns.split()) for table, columns in verifier.TABLES.items()} == schema.CONTENT
    assert list(verifier.TABLES) == list(schema.CONTENT)
    assert verifier.VERSION == schema.STORE_VERSION
    ledger = sqlite3.connect(":memory:")
    for statement in schema.statements():
        ledger.execute(statement)
    stated = sorted(row[0] for row in ledger.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    ledger.close()
    assert hashlib.sha256("".join(f"{one}\n" for one in stated).encode()).hexdigest() == verifier.SCHEMA


def test_a_ledger_with_its_last_publications_in_the_log_is_read_whole(folder: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    with open_books(folder, write=True, clock=Ticking(), actor="pia", policy=POLICY) as books, duckdb.connect() as by:
        books.ledger.connection.execute("PRAGMA wal_autocheckpoint = 0")
        books.ledger.tidy = lambda: None  # type: ignore[method-assign]
        publish_load(books, by, "c.csv")
        shutil.copytree(folder, taken)
        shutil.copy(anchor_of(folder).path, anchor_of(taken).path)
    assert (taken / "ledger.sqlite-wal").stat().st_size > 0
    assert (verify(taken).problems, verify(taken).publications) == ((), 47)
    (taken / "ledger.sqlite-wal").unlink()
    [problem] = verify(taken).problems
    assert problem.endswith("publication 47 is gone: older books were put back, or their log was lost")


def test_a_schema_that_is_no_text_is_damage(folder: Path) -> None:
    ledger = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
    ledger.execute("PRAGMA writable_schema = ON")
    ledger.execute("UPDATE sqlite_schema SET name = CAST(X'f7f7' AS TEXT), sql = 'x' WHERE name = 'run'")
    ledger.close()
    [problem] = verify(folder).problems
    assert "ledger.sqlite is damaged" in problem
    (folder / "ledger.sqlite").write_bytes(b"no database" * 100)
    [problem] = verify(folder).problems
    assert "ledger.sqlite is damaged" in problem


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        ("46", "is no head"),
        ("46:abc", "is no head"),
        ("47:0123456789abcdef", "the books end with publication 46, before the printed head"),
        ("3:0123456789abcdef", "publication 3 is not the one whose head was printed"),
    ],
)
def test_a_printed_head_is_held_against_the_books(folder: Path, head: str, sentence: str) -> None:
    right = verify(folder).head
    assert verify(folder, head=right).problems == ()
    assert verify(folder, head=right[:24]).problems == ()
    [problem] = verify(folder, head=head).problems
    assert sentence in problem


def test_a_lost_or_cut_file_of_heads_is_told(folder: Path) -> None:
    heads = anchor_of(folder).path
    whole = heads.read_bytes().splitlines(keepends=True)
    for left, sentence in (
        (whole[:-1], "heads ends with publication 45, and the books with 46: a process died"),
        (whole[:-2], "heads ends with publication 44, and the books with 46"),
        ([*whole[:-1], whole[-1][:-1]], "heads ends with publication 45, and the books with 46: a process died"),
        (whole[:7] + whole[8:], "line 8 is not the head of publication 7 of these books"),
        ([*whole[:-1], whole[-1].replace(b"Z", b"+")], "line 47 is not the head of publication 46 of these books"),
        ([*whole, whole[-1].replace(b"00000046", b"00000047")], "publication 47 is gone"),
        ([], "is missing or empty"),
    ):
        heads.write_bytes(b"".join(left))
        assert sentence in verify(folder).problems[0]
    heads.unlink()
    assert "is missing or empty" in verify(folder).problems[0]


def test_the_command_answers_with_codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), str(anchor_of(folder).path), "--head", verify(folder).head]) == 0
    assert main([str(folder), "--head", "46:0000000000000000"]) == 1
    assert main([]) == 2
    assert main(["--help"]) == 2
    assert main([str(folder / "nowhere")]) == 1
    told = capsys.readouterr()
    assert "holds no ledger.sqlite" in told.out
    assert "python verifier.py BOOKS" in told.err


Step = Callable[[Books, duckdb.DuckDBPyConnection], object]


def _trial(books: Books, by: duckdb.DuckDBPyConnection) -> None:
    books.by = "pia"
    publish_run(books, by, FEBRUARY, RunKind.TRIAL)


def _hard(books: Books, by: duckdb.DuckDBPyConnection, period: str = FEBRUARY) -> None:
    books.by = "cora"
    publish_run(books, by, period, RunKind.HARD)


def _asked(books: Books, by: duckdb.DuckDBPyConnection, manifest: str = "") -> None:
    _trial(books, by)
    do(books, "pia", acts.CloseRequested(*about(books, FEBRUARY), manifest or manifest_of(books, FEBRUARY), "please"))


def _agreed(books: Books, by: duckdb.DuckDBPyConnection, who: str = "carl", manifest: str = "") -> None:
    _asked(books, by)
    do(books, who, acts.CloseApproved(*about(books, FEBRUARY), manifest or manifest_of(books, FEBRUARY), ""))


def _asked_alone(books: Books, by: duckdb.DuckDBPyConnection) -> None:
    _asked(books, by)
    _hard(books, by)


def _late(books: Books, by: duckdb.DuckDBPyConnection) -> None:
    _agreed(books, by)
    books.by = "pia"
    publish_load(books, by, "late.csv")
    _hard(books, by)


def _reopened_by(*others: str) -> Step:
    def step(books: Books, _: duckdb.DuckDBPyConnection) -> None:
        do(books, "carl", acts.ReopenRequested(*about(books, JANUARY), "a file was wrong"))
        for other in others:
            do(books, other, acts.ReopenApproved(*about(books, JANUARY), ""))
        do(books, "carl", acts.Reopened(*about(books, JANUARY)))

    return step


def _own_override(books: Books, _: duckdb.DuckDBPyConnection) -> None:
    do(books, "pia", proposal("O-3", FEBRUARY))
    do(books, "pia", acts.OverrideApproved("O-3", digest_of(proposal("O-3", FEBRUARY)), "mine", "channel-controller"))


def _changed_override(books: Books, _: duckdb.DuckDBPyConnection) -> None:
    do(books, "pia", proposal("O-3", FEBRUARY))
    other = digest_of(proposal("O-3", FEBRUARY, "999"))
    do(books, "carl", acts.OverrideApproved("O-3", other, "as counted", "channel-controller"))


def _decided_twice(books: Books, _: duckdb.DuckDBPyConnection) -> None:
    do(books, "carl", acts.OverrideApproved("O-2", digest_of(proposal("O-2", FEBRUARY)), "", "channel-controller"))


def _own_rules(books: Books, _: duckdb.DuckDBPyConnection) -> None:
    do(books, "axel", acts.RulesDrafted("1" * 64, "0" * 64, "client", (), "second"))
    do(books, "axel", acts.RulesApproved("1" * 64, "2026-02-01", "", "mine"))


def _silent_load(books: Books, by: duckdb.DuckDBPyConnection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes.Changes, "record", lambda *_: None)
        publish_load(books, by, "silent.csv")


def _silent_close(books: Books, by: duckdb.DuckDBPyConnection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes.Changes, "record", lambda *_: None)
        _hard(books, by)


def _silent_acceptance(books: Books, _: duckdb.DuckDBPyConnection) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes.Changes, "record", lambda *_: None)
        publish_acceptance(books, FEBRUARY, "siso")


def _empty_acceptance(books: Books, _: duckdb.DuckDBPyConnection) -> None:
    run = books.runs(CALENDAR, FEBRUARY)[-1]
    with books.publication("acceptance") as publication:
        publication.commit(lambda ledger: ledger.add_acceptance(NewAcceptance(run, "nothing", ())))


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda books, by: _hard(books, by), "it was not asked for by one and approved by another"),
        (_asked_alone, "it was not asked for by one and approved by another"),
        (lambda books, by: _asked(books, by, "f" * 64), "it does not name the manifest of run 47"),
        (lambda books, by: _agreed(books, by, "pia"), "nobody approves what he made or asked for"),
        (lambda books, by: _agreed(books, by, "carl", "f" * 64), "nobody asked for that"),
        (_late, "it is not what run 47 showed, which was agreed to"),
        (_reopened_by("cora"), "two others did not agree"),
        (_reopened_by("cora", "cora"), "a reopening is approved by two others"),
        (_reopened_by("cora", "carl"), "a reopening is approved by two others"),
        (_own_override, "nobody decides on what he proposed"),
        (_changed_override, "it names another proposal than the one that was made"),
        (_decided_twice, "there is no such override to be decided on"),
        (_own_rules, "nobody decides on rules that he wrote"),
        (lambda books, by: do(books, "mallory", proposal("O-9")), "the books name nobody who could do this"),
        (lambda books, by: _hard(books, by, "2026-03"), "2026-02 is trial"),
        (
            lambda books, by: do(books, "carl", acts.CloseRejected(*about(books, FEBRUARY), "no")),
            "the period was trial",
        ),
        (_silent_load, "the rows of load are not those that the acts tell of"),
        (_silent_close, "acts and rows do not agree that 2026-02 went from trial to hard-closed"),
        (_silent_acceptance, "the rows of exception_act are not those that the acts tell of"),
        (_empty_acceptance, "the rows of exception_act are not those that the acts tell of"),
    ],
)
def test_what_should_not_have_been_done_is_found_though_the_chain_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: Step, sentence: str
) -> None:
    """Whoever can write books as tieout does, but passes its judges by, leaves a chain without a flaw."""
    monkeypatch.setattr(changes, "require", lambda *_: None)
    monkeypatch.setattr(changes, "_check_next", lambda *_: None)
    with open_books(folder, write=True, clock=Ticking(), actor="pia", policy=POLICY) as books, duckdb.connect() as by:
        step(books, by)
    assert verify_books(folder) == []
    problems = verify(folder).problems
    assert any(sentence in one for one in problems), problems


def test_a_close_by_rules_that_nobody_approved_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "require", lambda *_: None)
    other = Scene(POLICY, {}).policy.__class__("2" * 64)
    with open_books(folder, write=True, clock=Ticking(), actor="pia", policy=other) as books, duckdb.connect() as by:
        _agreed(books, by)
        _hard(books, by)
    [problem] = verify(folder).problems
    assert problem.endswith("hard closed 2026-02: its rules were not approved")
    assert VERSION != "2" * 64


def test_books_that_name_nobody_are_closed_by_one(tmp_path: Path) -> None:
    with (
        open_books(tmp_path / "books", write=True, create=True, clock=governed.Ticking(), actor="ann") as books,
        duckdb.connect() as connection,
    ):
        publish_load(books, connection, "a.csv")
        register_months(books)
        publish_run(books, connection, JANUARY, RunKind.HARD)
    assert verify(tmp_path / "books").problems == ()
