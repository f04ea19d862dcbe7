"""What a bug says: what failed and where, and no value of a row, no path, no secret, also with TIEOUT_TRACE."""

from __future__ import annotations

import itertools
import json
import random
import re
import sqlite3
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from adapters.cli.faults import BUG, fault_of, tell
from adapters.cli.main import main
from adapters.cli.terminal import Terminal
from adapters.duckdb_executor import DuckDBExecutor
from adapters.feeds import take
from dsl.diagnostics import InternalError
from engine.plan.relation import Origin, Relation, cast, column, named, table
from tests.support.promises import reached, trials
from tests.support.shop_client import JANUARY, make_shop

PLACES = {
    "text of a cell": "CANARY-CELL-4711",
    "figure of a cell": "48151623.42",
    "several lines of a cell": "first\nCANARY-LINE-4711",
    "cell with quote marks": "CAN'ARY\"-`QUOTE`-4711",
    "name of a file": "CANARY file 4711.csv",
    "path of a folder": "/srv/CANARY-4711/books/facts/sale.parquet",
    "variable of the environment": "CANARY_TOKEN=sk-4711",
    "value of client.yaml": "Canary Holding 4711 GmbH",
    "comment of a rule": "# CANARY-COMMENT-4711",
    "text of a rule": "Canary says so, 4711.",
    "comment of an acceptance": "agreed with Canary, 4711 units",
    "address of a database": "postgres://canary:4711@host/db",
}
"""Twelve places that a secret or a value may come from, and what stands there."""


def database(text: str, value: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows (value VARCHAR PRIMARY KEY)")
        connection.execute("INSERT INTO rows VALUES (?)", [value])
        connection.execute(text.replace("$VALUE", "'" + value.replace("'", "''") + "'"))


def relation(value: str) -> None:
    """A relation of a run that meets a value it cannot convert."""
    with DuckDBExecutor(threads=1) as executor:
        executor.append("rows", (("value", "VARCHAR"),), [(value,)])
        query = exp.select(named(cast(column("value"), "DATE"), "value")).from_(table("rows"))
        executor.create(Relation("sale", (), (("value", "DATE"),), query, Origin("kind sale")))


def ledger(value: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"INSERT INTO nowhere VALUES ({value})")


def ours(value: str) -> None:
    raise InternalError(f"{value!r} is not a number")


RAISING: dict[str, Callable[[str], object]] = {
    "conversion": lambda value: database("SELECT CAST(value AS DATE) FROM rows", value),
    "key": lambda value: database("INSERT INTO rows SELECT value FROM rows", value),
    "asked for": lambda value: database("SELECT error(value) FROM rows", value),
    "parser": lambda value: database("SELECT $VALUE $VALUE FROM FROM", value),
    "binder": lambda value: database("SELECT sum(DATE $VALUE) FROM rows", value),
    "file": lambda value: database("SELECT * FROM read_csv($VALUE)", value),
    "relation": relation,
    "ledger": ledger,
    "ours": ours,
    "mapping": lambda value: dict[str, str]()[value],
    "number": lambda value: int(value),
    "decimal": lambda value: Decimal(value + "x"),
    "day": lambda value: date.fromisoformat(value),
    "json": lambda value: json.loads("{" + value),
    "assertion": lambda value: (_ for _ in ()).throw(AssertionError(f"{value} is there")),
}
"""Ways in which a library or a line of ours raises an error that quotes what it met."""

CHAINS = ("alone", "from", "while")


def raised(way: str, value: str, chain: str) -> BaseException:
    """The error, as it is, as the cause of another, or in whose handling another came up."""
    try:
        try:
            RAISING[way](value)
        except Exception as error:
            if chain == "from":
                raise InternalError("a relation lacks its key") from error
            if chain == "while":
                raise KeyError(value)  # noqa: B904 (the context is what is tried)
            raise
    except Exception as error:
        return error
    raise AssertionError(f"{way} did not raise")


def pieces(value: str) -> list[str]:
    """What would betray a value: itself, and each of its longer parts."""
    return [value, *(part for part in re.split(r"[\"'`\s]", value) if "4711" in part)]


def test_no_value_is_in_what_a_bug_says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    every = list(itertools.product(PLACES, RAISING, CHAINS, ("", "1"), (False, True)))
    assert len(every) >= 2_000
    chosen = random.Random(60).sample(every, trials(len(every), 60))
    hits, bugs = [], 0
    for place, way, chain, trace, as_values in chosen:
        monkeypatch.setenv("TIEOUT_TRACE", trace)
        error = raised(way, PLACES[place], chain)
        bugs += tell(Terminal(as_values), fault_of(error), error) == BUG
        said = capsys.readouterr()
        hits += [(place, way, chain, said) for one in pieces(PLACES[place]) if one in said.out + said.err]
    reached("P23", "errors that quote a canary of one of 12 places, told as bugs", len(chosen), len(hits), bugs=bugs)
    assert hits == []
    assert bugs > len(chosen) * 3 // 4


def test_a_load_that_fails_in_the_database_says_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = "CANARY-4711"
    sales = JANUARY["sales_2026-01.csv"].replace("P-1", canary)
    folder = make_shop(tmp_path / f"shop-{canary}", {**JANUARY, "sales_2026-01.csv": sales})
    assert canary in sales
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TIEOUT_TRACE", "1")

    def fails(connection: duckdb.DuckDBPyConnection, *_: object) -> None:
        connection.execute("SELECT CAST(text AS BIGINT) FROM staged").fetchall()

    monkeypatch.setattr(take, "_hint_at_totals", fails)
    assert main(["load"]) == BUG
    said = capsys.readouterr()
    assert "this is a bug in tieout" in said.err
    assert "Traceback" in said.err
    assert canary not in said.out + said.err


def test_a_bug_still_says_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    error = raised("relation", "CANARY-4711", "alone")
    assert tell(Terminal(), fault_of(error), error) == BUG
    said = capsys.readouterr().err
    assert "the database refused relation sale (kind sale)" in said
    assert "Conversion Error" in said
