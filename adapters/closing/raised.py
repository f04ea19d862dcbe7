"""What runs raised, in the books: made a relation of the run, and read back without running again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal

from sqlglot import exp

from adapters.books.entries import Run
from adapters.books.layout import RUNS
from adapters.books.store import Books
from adapters.closing.inputs import parquet
from adapters.duckdb_executor import DuckDBExecutor
from engine.model.ruleset import Ruleset
from engine.plan.executor import Row as Cells
from engine.plan.relation import column, table
from engine.run.conditions import OVERSELL, Raised, Row, row_of, row_text
from engine.run.oversold import phrase_of
from engine.run.said import place

EXCEPTIONS = "raised exception"
"""The relation of a run that holds its exceptions; where their rules stand is in the ruleset, not here."""

COLUMNS = ("number", "of", "name", "row", "code", "severity", "outcomes", "owner", "value", "sentence", "digest")
"""`number` is their order, `row` JSON of names and values, `value` a decimal text, missing where there is none."""


def add_exceptions(executor: DuckDBExecutor, raised: Iterable[Raised]) -> exp.Query:
    """Make a run's exceptions a relation; the query that publishes them in their order."""
    types = [(name, "BIGINT" if name == "number" else "VARCHAR") for name in COLUMNS]
    executor.append(EXCEPTIONS, types, (_cells(number, one) for number, one in enumerate(raised, start=1)))
    return exp.select(*(column(one) for one in COLUMNS)).from_(table(EXCEPTIONS)).order_by(column("number"))


def reader_of(books: Books) -> DuckDBExecutor:
    """An executor that may read what runs raised, and nothing else."""
    paths = (books.path(one) for one in books.ledger.files_named(RUNS, EXCEPTIONS.replace(" ", "_")))
    return DuckDBExecutor(threads=1, reads=paths)


def raised_by(
    books: Books, ruleset: Ruleset, run: Run, executor: DuckDBExecutor, only: tuple[str, Row] | None = None
) -> list[Raised]:
    """What a run raised, in its order; `only` names one exception. Nothing of a run that published no exceptions."""
    path = books.run_files(run).get(EXCEPTIONS.replace(" ", "_"))
    if path is None:
        return []
    query = exp.select(*(column(one) for one in COLUMNS)).from_(parquet(path)).order_by(column("number"))
    if only is not None:
        keys = zip(("name", "row"), (only[0], row_text(only[1])), strict=True)
        query = query.where(*(exp.EQ(this=column(key), expression=exp.Literal.string(text)) for key, text in keys))
    return [_read(ruleset, cells) for cells in executor.rows(query)]


def _cells(number: int, one: Raised) -> Cells:
    value = None if one.value is None else f"{one.value:f}"
    outcomes = json.dumps(one.outcomes)
    return (
        number, one.of, one.name, row_text(one.row), one.code, one.severity, outcomes, one.owner, value,
        one.sentence, one.digest,
    )  # fmt: skip


def _read(ruleset: Ruleset, cells: Cells) -> Raised:
    _, of, name, key, code, severity, outcomes, owner, value, sentence, digest = cells
    return Raised(
        str(of), str(name), row_of(str(key)), str(code), str(severity), tuple(json.loads(str(outcomes))), str(owner),
        None if value is None else Decimal(str(value)), str(sentence), str(digest), _place(ruleset, str(of), str(name)),
    )  # fmt: skip


def _place(ruleset: Ruleset, of: str, name: str) -> str:
    """Where the rule of an exception stands today; empty where it stands there no more, or there is none."""
    if of == OVERSELL:
        return next((phrase_of(one) for one in ruleset.layers.values()), "")
    item = ruleset.controls.get(name) or ruleset.reconciliations.get(name)
    return "" if item is None else str(place(item.span))
