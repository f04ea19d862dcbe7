"""The plan guard alone, on a database that allows everything: what it lets through could be run, and what it refuses
is never planned."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from adapters import plan_guard
from adapters.cli.faults import BUG
from adapters.cli.main import main
from adapters.closing.inspect import planned_relations
from adapters.plan_guard import FUNCTIONS, guard
from adapters.ruleset_files import SHIPPED, read_ruleset
from dsl.diagnostics import InternalError
from tests.isolation.hostile import Outside, functions, queries, statements
from tests.support.promises import SCALE, reached, trials
from tests.support.small_world import HEAD, ruleset_of

PLAIN = (
    "SELECT a, sum(a) OVER (ORDER BY a) AS b FROM granted WHERE a > 1",
    "WITH known AS (SELECT a FROM granted UNION ALL SELECT a FROM seen) SELECT a FROM known ORDER BY a LIMIT 3",
    "SELECT g.a FROM granted AS g LEFT JOIN seen AS s ON g.a IS NOT DISTINCT FROM s.a",
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": "1"}) as made:
        made.execute("CREATE TABLE granted AS SELECT 1 AS a")
        made.execute("CREATE VIEW seen AS SELECT a FROM granted")
        made.execute("CREATE TABLE ungranted AS SELECT 1 AS a")
        made.execute("CREATE VIEW stolen AS SELECT a FROM ungranted")
        made.execute("CREATE MACRO harmless(x) AS (SELECT a FROM ungranted)")
        yield made


def knows(_: str, name: str) -> bool:
    return name in {"granted", "seen", "stolen"}


def is_refused(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    try:
        guard(connection, text, knows)
    except (InternalError, duckdb.Error):
        return True
    return False


@pytest.mark.parametrize("text", PLAIN)
def test_queries_over_what_was_made_pass(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    guard(connection, text, knows)


def test_no_hostile_statement_passes(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    outside = Outside.made(tmp_path / "outside")
    every = [*queries(outside), *statements(outside)]
    hostile = random.Random(20).sample(every, trials(len(every), len(every) // 20))
    escapes = [text for text in hostile if not is_refused(connection, text)]
    reached("P13", "plan guard alone: hostile queries and statements", len(hostile), len(escapes))
    assert len(every) >= 2_000
    assert escapes == []
    assert connection.execute("SELECT a FROM granted").fetchall() == [(1,)]


def test_no_function_passes_that_is_not_on_the_list(connection: duckdb.DuckDBPyConnection) -> None:
    every = functions()
    listed = random.Random(21).sample(every, trials(len(every), len(every) // 20))
    escapes = {
        name
        for name, _ in listed
        for text in (f"SELECT \"{name}\"('x') AS a", f"SELECT * FROM \"{name}\"('x')", f'SELECT "{name}"() AS a')
        if name.lower() not in FUNCTIONS and not is_refused(connection, text)
    }
    reached("P13", "plan guard alone: functions DuckDB lists, called by name", len(listed), len(escapes))
    assert escapes == set()


@pytest.mark.parametrize("text", ["SELECT a FROM stolen", "SELECT harmless(1) AS a", "SELECT a FROM x.main.granted"])
def test_views_and_macros_are_seen_through(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(InternalError, match="the guard refuses"):
        guard(connection, text, knows)


def test_every_relation_of_a_ruleset_passes() -> None:
    rules = """\
terms
    document is text
    quantity is a quantity
    order-date is a date
kind order moves nothing on order-date identified by document
    has quantity
control nothing-large for each order
    needs quantity is at most 5 units
    otherwise raise large-order low to controller
"""
    assert len(planned_relations(ruleset_of(HEAD + rules), guarded=True)) > 5


def test_check_says_how_many_queries_were_guarded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "small.tieout"
    path.write_text(f"{HEAD}terms\n    code is text\nregister partner identified by code\n", "utf-8")
    assert main(["check", "--guard", str(path)]) == 0
    assert "queries guarded" in capsys.readouterr().out
    monkeypatch.setattr(plan_guard, "OPERATORS", frozenset())
    assert main(["check", "--guard", str(path)]) == BUG
    assert "the guard refuses a plan with" in capsys.readouterr().err


@pytest.mark.skipif(SCALE == "commit", reason="seconds each: tonight and before a release")
@pytest.mark.parametrize("name", ["standard", "with-bundles", "with-concessions", "with-programmes", "with-scorecards"])
def test_every_relation_of_the_rulesets_that_are_shipped_passes(name: str) -> None:
    ruleset, found = read_ruleset(SHIPPED / name)
    assert ruleset is not None, found.errors
    relations = planned_relations(ruleset, guarded=True)
    reached("P13", "plan guard: relations of the rulesets that are shipped, planned over no facts", len(relations), 0)
