"""What is said to have no rows has none in the database, and nothing is said of what could have some."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import InternalError
from engine.plan.emptiness import has_no_rows
from engine.plan.relation import Origin, Relation, column, table

NOTHING = """
SELECT a FROM nothing
SELECT a + 1 AS a FROM nothing AS n
SELECT n.a FROM nothing AS n LEFT JOIN two AS s ON n.a = s.a
SELECT n.a FROM nothing AS n ASOF LEFT JOIN two AS s ON n.a >= s.a
SELECT s.a FROM two AS s JOIN nothing AS n ON n.a = s.a
SELECT s.a FROM two AS s CROSS JOIN nothing AS n
SELECT s.a FROM two AS s SEMI JOIN nothing AS n ON n.a = s.a
SELECT s.a FROM two AS s LEFT JOIN two AS t ON t.a = s.a JOIN nothing AS n ON n.a = t.a
SELECT a, SUM(a) AS total FROM nothing GROUP BY a
SELECT a, COUNT(*) AS total FROM nothing GROUP BY 1 HAVING COUNT(*) >= 0 ORDER BY 1
SELECT a FROM two WHERE FALSE
SELECT a FROM (SELECT a FROM nothing) AS n
SELECT a FROM nothing UNION ALL SELECT a FROM two WHERE FALSE
SELECT a FROM nothing UNION SELECT a FROM nothing
SELECT a, SUM(a) OVER (PARTITION BY a ORDER BY a) AS total FROM nothing
SELECT DISTINCT a FROM nothing
SELECT UNNEST([a, a]) AS a FROM nothing
SELECT a FROM nothing QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1
SELECT (SELECT COUNT(*) FROM two) AS a FROM nothing
""".strip().splitlines()
PERHAPS = """
SELECT a FROM two
SELECT COUNT(*) AS a FROM nothing
SELECT COALESCE(SUM(a), 0) AS a FROM nothing
SELECT LIST(a) AS a FROM nothing
SELECT HISTOGRAM(a) AS a FROM nothing
SELECT COUNT(*) FILTER (WHERE a > 1) AS a FROM nothing
SELECT SUM(COUNT(*)) OVER () AS a FROM nothing
SELECT 1 AS a FROM nothing HAVING COUNT(*) = 0
SELECT 1 AS a
SELECT COUNT(*) AS a FROM nothing GROUP BY GROUPING SETS (())
SELECT SUM(a) AS a FROM nothing GROUP BY ROLLUP (a)
SELECT COUNT(*) AS a FROM nothing GROUP BY ALL
SELECT s.a FROM nothing AS n RIGHT JOIN two AS s ON n.a = s.a
SELECT s.a FROM nothing AS n FULL JOIN two AS s ON n.a = s.a
SELECT s.a FROM two AS s LEFT JOIN nothing AS n ON n.a = s.a
SELECT s.a FROM two AS s ANTI JOIN nothing AS n ON n.a = s.a
SELECT s.a FROM nothing AS n JOIN nothing AS m ON n.a = m.a RIGHT JOIN two AS s ON n.a = s.a
SELECT a FROM nothing UNION ALL SELECT a FROM two
SELECT a FROM two EXCEPT SELECT a FROM nothing
SELECT a FROM (SELECT COUNT(*) AS a FROM nothing) AS n
SELECT (SELECT COUNT(*) FROM nothing) AS a
WITH nothing AS (SELECT 1 AS a) SELECT a FROM nothing
""".strip().splitlines()


def _said(text: str) -> bool:
    return has_no_rows(sqlglot.parse_one(text, dialect="duckdb"), lambda named: named.name == "nothing")


def _found(text: str) -> int:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE nothing (a INTEGER)")
        connection.execute("CREATE TABLE two AS SELECT 1 AS a UNION ALL SELECT 2")
        return len(connection.execute(text).fetchall())


@pytest.mark.parametrize("text", NOTHING)
def test_a_query_over_nothing_has_no_rows(text: str) -> None:
    assert _said(text)
    assert _found(text) == 0


@pytest.mark.parametrize("text", PERHAPS)
def test_of_a_query_that_has_rows_nothing_is_said(text: str) -> None:
    assert not _said(text)
    assert _found(text) > 0


def _relation(name: str, of: str, *, stored: bool = True) -> Relation:
    query = exp.select(column("a")).from_(table(of))
    return Relation(name, ("a",), (("a", "INTEGER"),), query, Origin("test"), stored)


def test_what_is_not_planned_has_its_columns_and_no_rows() -> None:
    with DuckDBExecutor(threads=1) as executor:
        executor.append("input", (("a", "INTEGER"),), ())
        assert executor.create(_relation("copy", "input")) == 0
        assert executor.create(_relation("seen", "copy", stored=False)) is None
        branch = executor.branch("other")
        assert branch.create(_relation("further", "seen")) == 0
        assert branch.describe("further") == (("a", "INTEGER"),)
        assert branch.rows(exp.select(column("a")).from_(table("further"))) == []
        branch.append("copy", (("a", "INTEGER"),), [(1,)])
        assert branch.create(_relation("again", "copy")) == 1


def test_rows_do_not_come_after_a_view_was_found_empty() -> None:
    with DuckDBExecutor(threads=1) as executor:
        executor.append("input", (("a", "INTEGER"),), ())
        executor.create(_relation("kept", "input"))
        executor.append("input", (("a", "INTEGER"),), [(1,)])
        assert executor.create(_relation("now", "input")) == 1
        executor.create(_relation("seen", "kept", stored=False))
        with pytest.raises(InternalError, match="kept gets rows after a view of it was found empty"):
            executor.append("kept", (("a", "INTEGER"),), [(1,)])


def test_everything_is_planned_where_that_is_asked_for() -> None:
    wrong = Relation(
        "wrong", ("a",), (("a", "INTEGER"),), exp.select(column("a")).from_(table("input")).where(column("b")),
        Origin("test"),
    )  # fmt: skip
    for plans_everything in (False, True):
        with DuckDBExecutor(threads=1, plans_everything=plans_everything) as executor:
            executor.append("input", (("a", "INTEGER"),), ())
            if plans_everything:
                with pytest.raises(InternalError, match="wrong"):
                    executor.create(wrong)
            else:
                assert executor.create(wrong) == 0
