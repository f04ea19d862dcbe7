"""The compiler alone: what relations may not be built of is never written as SQL, whatever the database allows."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import pytest
from sqlglot import ParseError, exp, parse_one
from sqlglot.errors import TokenError

from adapters.duckdb_executor import DuckDBExecutor
from dsl.diagnostics import InternalError
from engine.plan.allowed import FUNCTIONS, Writer
from engine.plan.relation import Origin, Relation, column, named, table
from tests.isolation.hostile import Outside, functions, queries, statements
from tests.support.promises import reached, trials

GRANTED = frozenset({"granted"})
TEXTS = (
    "'; DROP TABLE granted; --", '"; DROP TABLE granted; --', "*/ DROP TABLE granted /*", "$$; DROP TABLE granted; $$",
    "\\'; DROP TABLE granted", "'' OR 1=1", "read_csv('x')", "a\nb; c", "{{ 7*7 }}", "\u2019; DROP",
    "x'); COPY granted TO 'y",
)  # fmt: skip


def writer() -> Writer:
    return Writer(lambda named: named.name in GRANTED and not named.db)


def outcome(query: exp.Expr) -> str | None:
    """The SQL of a query; None where it is refused."""
    try:
        return writer().text(query)
    except InternalError:
        return None


def test_no_hostile_query_is_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "sqlglot")
    outside = Outside.made(tmp_path / "outside")
    every = [*queries(outside), *statements(outside)]
    hostile = random.Random(10).sample(every, trials(len(every), len(every) // 20))
    escapes, trees = [], 0
    for text in hostile:
        try:
            tree = parse_one(text, dialect="duckdb")
        except (ParseError, TokenError):
            continue  # no tree, so no relation could be built of it
        trees += 1
        if outcome(tree) is not None:
            escapes.append(text)
    reached("P13", "compiler alone: hostile queries and statements as trees", trees, len(escapes))
    assert trees > len(hostile) // 2
    assert escapes == []


def test_no_function_is_called_that_is_not_on_the_list() -> None:
    every = functions()
    listed = random.Random(11).sample(every, trials(len(every), len(every) // 20))
    allowed = {one.lower() for one in FUNCTIONS}
    escapes = set()
    for name, kind in listed:
        called = exp.select(exp.Anonymous(this=name, expressions=[exp.Literal.string("x")]))
        read = exp.select(exp.Star()).from_(exp.Anonymous(this=name, expressions=[exp.Literal.string("x")]))
        for query in (called, read):
            if outcome(query) is not None and name.lower() not in allowed:
                escapes.add((name, kind))
    reached("P13", "compiler alone: functions DuckDB lists, called by name", len(listed), len(escapes))
    assert len(every) > 900
    assert escapes == set()


@pytest.mark.parametrize("text", TEXTS)
def test_texts_and_names_are_written_as_one_value_or_one_name(text: str) -> None:
    query = exp.select(named(exp.Literal.string(text), text)).from_(table("granted"))
    query = query.where(exp.EQ(this=column(text, text), expression=exp.Literal.string(text)))
    written = outcome(query)
    assert written is not None
    back = parse_one(written, dialect="duckdb")
    assert {one.this for one in back.find_all(exp.Literal)} == {text}
    assert {one.name for one in back.find_all(exp.Identifier)} == {text, "granted"}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("place", ["number", "name", "word", "function", "raw column", "raw alias", "type", "catalog"])
def test_sql_outside_of_quotes_is_refused(place: str, text: str) -> None:
    trees = {
        "number": exp.Literal.number(text),
        "name": exp.Column(this=exp.to_identifier(text, quoted=False)),
        "word": exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this=text)),
        "function": exp.Anonymous(this=text),
        "raw column": exp.Column(this=f"{text};"),
        "raw alias": exp.Alias(this=exp.Null(), alias=f"{text};"),
        "type": exp.Cast(this=exp.Null(), to=exp.DataType(this=exp.DType.USERDEFINED, kind=text)),
        "catalog": exp.Subquery(
            this=exp.select("a").from_(exp.Table(this=column("granted").this, catalog=column("x").this))
        ),
    }
    assert outcome(exp.select(trees[place])) is None


def test_a_refusal_names_relation_rule_and_node() -> None:
    query = exp.select(named(exp.Anonymous(this="getenv", expressions=[exp.Literal.string("HOME")]), "a"))
    relation = Relation("entry earn", (), (("a", "VARCHAR"),), query, Origin("journal earn"))
    with (
        DuckDBExecutor(threads=1) as executor,
        pytest.raises(InternalError, match=r"relation entry earn \(journal earn\): .* function getenv"),
    ):
        executor.create(relation)


def test_files_are_read_only_where_they_were_handed_over(tmp_path: Path) -> None:
    own, other = str(tmp_path / "own.parquet"), str(tmp_path / "other.parquet")
    for path, given, is_written in ((own, own, True), (other, own, False), (own, "", False)):
        query = exp.select("a").from_(exp.Anonymous(this="read_parquet", expressions=[exp.Literal.string(path)]))
        try:
            written = writer().text(query, {given})
        except InternalError:
            written = ""
        assert bool(written) == is_written
