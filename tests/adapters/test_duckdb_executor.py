"""The executor on DuckDB: types are held to what relations declare, rows come and go exactly, faults have an owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlglot import parse_one
from sqlglot.expressions import Query

from adapters.duckdb_executor import DuckDBExecutor, ResourceError
from dsl.diagnostics import InternalError
from engine.plan.relation import Origin, Relation

SALES = (("sale", "BIGINT"), ("day", "DATE"), ("price", "DECIMAL(18,4)"), ("part", "VARCHAR"), ("late", "BOOLEAN"))
ROWS = [
    (1, date(2026, 1, 1), Decimal("12.5000"), "A", False),
    (2, date(2026, 1, 2), None, None, None),
]


def asked(text: str) -> Query:
    found = parse_one(text, dialect="duckdb")
    assert isinstance(found, Query)
    return found


def relation(text: str, *columns: tuple[str, str], name: str = "made", stored: bool = True) -> Relation:
    return Relation(name, (), columns, asked(text), Origin("amount made"), stored)


@pytest.fixture
def executor() -> Iterator[DuckDBExecutor]:
    with DuckDBExecutor(threads=1) as made:
        yield made


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("preserve_insertion_order", False),
        ("ieee_floating_point_ops", False),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("TimeZone", "UTC"),
        ("asof_loop_join_threshold", 0),
        ("threads", 1),
    ],
)
def test_the_settings_hold_in_every_connection(executor: DuckDBExecutor, setting: str, value: object) -> None:
    query = f"SELECT CURRENT_SETTING('{setting}')"
    assert executor.connection.execute(query).fetchall() == [(value,)]
    assert executor.connection.cursor().execute(query).fetchall() == [(value,)]


def test_memory_and_folder_are_those_asked_for(tmp_path: Path) -> None:
    with DuckDBExecutor(memory_limit="1GiB", temporary_folder=tmp_path / "spilled") as executor:
        query = "SELECT CURRENT_SETTING('memory_limit'), CURRENT_SETTING('temp_directory')"
        found = executor.connection.execute(query).fetchall()
    assert found == [("1.0 GiB", str(tmp_path / "spilled"))]


def test_rows_given_come_back_as_they_were(executor: DuckDBExecutor) -> None:
    executor.append("sale", SALES, ROWS)
    executor.append("sale", SALES, iter(ROWS[:1]))
    assert executor.describe("sale") == SALES
    assert executor.rows(asked('SELECT * FROM "sale" ORDER BY sale, part')) == [ROWS[0], ROWS[0], ROWS[1]]


def test_no_rows_still_make_a_relation(executor: DuckDBExecutor) -> None:
    executor.append("sale", SALES, [])
    assert executor.describe("sale") == SALES
    assert executor.rows(asked('SELECT * FROM "sale"')) == []


def test_more_rows_than_a_batch_arrive(executor: DuckDBExecutor) -> None:
    executor.append("number", (("number", "BIGINT"),), ((number,) for number in range(100_001)))
    assert executor.rows(asked('SELECT COUNT(*), MAX(number) FROM "number"')) == [(100_001, 100_000)]


def test_rows_of_an_unknown_type_are_our_fault(executor: DuckDBExecutor) -> None:
    with pytest.raises(InternalError, match="rows cannot be given as DOUBLE"):
        executor.append("sale", (("price", "DOUBLE"),), [])


def test_a_stored_relation_says_how_many_rows_it_has_and_a_view_does_not(executor: DuckDBExecutor) -> None:
    executor.append("sale", SALES, ROWS)
    assert executor.create(relation('SELECT sale FROM "sale"', ("sale", "BIGINT"))) == 2
    view = relation('SELECT sale FROM "sale"', ("sale", "BIGINT"), name="seen", stored=False)
    assert executor.create(view) is None
    assert executor.rows(asked('SELECT MAX(sale) FROM "seen"')) == [(2,)]


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize(
    ("text", "declared", "sentence"),
    [
        ("SELECT 1 AS price", "BIGINT", "column price of relation made is INTEGER, declared as BIGINT"),
        ("SELECT 1.5::DOUBLE AS price", "DOUBLE", "column price of relation made is DOUBLE, which is not exact"),
        ("SELECT [1.5::FLOAT] AS price", "FLOAT[]", r"column price of relation made is FLOAT\[\], which is not exact"),
        ("SELECT 1.5::DECIMAL(18, 4) / 2 AS price", "DECIMAL(18,4)", "a query may not hold a node Div"),
    ],
)
def test_a_type_other_than_declared_is_refused(
    executor: DuckDBExecutor, text: str, declared: str, sentence: str, stored: bool
) -> None:
    with pytest.raises(InternalError, match=sentence):
        executor.create(relation(text, ("price", declared), stored=stored))


def test_a_query_the_database_refuses_names_relation_and_rule(executor: DuckDBExecutor) -> None:
    with pytest.raises(InternalError, match=r"relation made \(amount made\).*unknown"):
        executor.create(relation('SELECT sale FROM "unknown"', ("sale", "BIGINT")))


def test_memory_that_runs_out_is_told_with_what_to_do() -> None:
    with DuckDBExecutor(threads=1, memory_limit="20MB", temporary_folder=None) as executor:
        part = f"'{'x' * 100}' || CAST(range AS VARCHAR)"
        text = f"SELECT range AS number, {part} AS part FROM RANGE(3000000) ORDER BY part"
        with pytest.raises(ResourceError, match=r"memory ran out while computing relation made .* give the run more"):
            executor.create(relation(text, ("number", "BIGINT"), ("part", "VARCHAR")))


def test_a_stream_keeps_its_order_while_other_queries_run(executor: DuckDBExecutor) -> None:
    executor.append("number", (("number", "BIGINT"),), ((number,) for number in range(10)))
    batches = []
    for batch in executor.stream(asked('SELECT number FROM "number" ORDER BY number DESC'), 4):
        executor.append("copied", (("number", "BIGINT"),), batch)
        batches.append([row[0] for row in batch])
    assert batches == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]
    assert executor.rows(asked('SELECT COUNT(*) FROM "copied"')) == [(10,)]


def test_tables_and_views_are_forgotten_and_others_are_not_there(executor: DuckDBExecutor) -> None:
    executor.create(relation("SELECT CAST(1 AS BIGINT) AS one", ("one", "BIGINT")))
    executor.create(relation('SELECT one FROM "made"', ("one", "BIGINT"), name="seen", stored=False))
    executor.drop("seen")
    executor.drop("made")
    for name in ("seen", "made"):
        with pytest.raises(InternalError, match=f"relation {name} cannot be dropped"):
            executor.drop(name)


def test_a_relation_is_shown_with_its_grain_and_rule(executor: DuckDBExecutor) -> None:
    made = Relation("sale", ("day",), (("day", "DATE"),), asked('SELECT day FROM "raw"'), Origin("kind sale"))
    assert executor.sql_text(made).splitlines()[:3] == ["-- sale: one row per day", "-- kind sale", "SELECT"]


def test_a_branch_reads_its_own_before_what_it_branched_from(executor: DuckDBExecutor) -> None:
    executor.create(relation("SELECT 1 AS held", ("held", "INTEGER")))
    executor.create(relation("SELECT 7 AS kept", ("kept", "INTEGER"), name="shared"))
    branch = executor.branch("book main")
    branch.create(relation("SELECT CAST('two' AS VARCHAR) AS held", ("held", "VARCHAR")))
    branch.create(
        relation("SELECT held, kept FROM made, shared", ("held", "VARCHAR"), ("kept", "INTEGER"), name="both")
    )
    assert branch.rows(asked("SELECT * FROM both")) == [("two", 7)]
    assert [row for batch in branch.stream(asked("SELECT * FROM made")) for row in batch] == [("two",)]
    assert executor.rows(asked("SELECT * FROM made")) == [(1,)]
    assert executor.rows(asked(f'SELECT * FROM "{branch.namespace}".both')) == [("two", 7)]
    branch.drop("made")
    assert branch.rows(asked("SELECT * FROM made")) == [(1,)]
    with pytest.raises(InternalError, match="cannot be dropped"):
        branch.drop("shared")
