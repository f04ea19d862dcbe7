"""The books' Parquet files as DuckDB relations with explicit types: the executor's way to a record's rows.

Files of one record may differ in columns, since a ruleset may gain a field after a file was loaded. The types asked for
hold: nothing is converted but a DECIMAL to a wider one of at least as many digits on either side of the point.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb
from sqlglot import exp

from adapters.books.entries import FileEntry
from adapters.books.errors import BooksError
from engine.model.schema import Record
from engine.plan.relation import cast, named

_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


def attach_record(
    connection: duckdb.DuckDBPyConnection, record: Record, folder: Path, files: Iterable[FileEntry]
) -> None:
    """Make a view named as a record over its files, with its columns and the implied ones, as the schema types them.

    `folder` is the books folder. A column that is not required is NULL where a file lacks it. BooksError if a file
    lacks a required column or holds another type: then it was loaded under another shape of the record.
    """
    columns = record.stored
    required = frozenset(column.name for column in record.columns if column.required)
    attach(connection, record.name, columns, folder, files, required)


def attach(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    columns: Iterable[tuple[str, str]],
    folder: Path,
    files: Iterable[FileEntry],
    required: frozenset[str] = frozenset(),
) -> None:
    """Make a temporary view over files, with columns of a name and a DuckDB type; no files give no rows."""
    query = union_of_files(tuple(columns), folder, tuple(files), required)
    create = exp.Create(
        this=exp.Table(this=exp.to_identifier(view, quoted=True)),
        kind="VIEW",
        replace=True,
        expression=query,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
    )
    connection.execute(create.sql(dialect="duckdb"))


def union_of_files(
    columns: tuple[tuple[str, str], ...], folder: Path, files: tuple[FileEntry, ...], required: frozenset[str]
) -> exp.Query:
    """The rows of files under the columns asked for, as a query; files of the same shape are read together."""
    shapes: dict[tuple[tuple[str, str], ...], list[FileEntry]] = {}
    for file in files:
        shapes.setdefault(file.columns, []).append(file)
    parts = [_rows_of_shape(columns, folder, alike, required) for alike in shapes.values()]
    if not parts:
        nothing = [_typed(exp.Null(), name, kind) for name, kind in columns]
        return exp.select(*nothing, copy=False).where(exp.false(), copy=False)
    query: exp.Query = parts[0]
    for part in parts[1:]:
        query = exp.union(query, part, distinct=False)
    return query


def _rows_of_shape(
    columns: tuple[tuple[str, str], ...], folder: Path, files: list[FileEntry], required: frozenset[str]
) -> exp.Select:
    stored = dict(files[0].columns)
    shown: list[exp.Expression] = []
    for name, kind in columns:
        if name not in stored and name in required:
            raise BooksError(f"{files[0].path} was loaded without {name}, which is now required; make {name} optional")
        if name not in stored:
            shown.append(_typed(exp.Null(), name, kind))
        elif stored[name] == kind:
            shown.append(exp.column(name, quoted=True))
        elif _is_widening(stored[name], kind):
            shown.append(_typed(exp.column(name, quoted=True), name, kind))
        else:
            raise BooksError(
                f"{files[0].path} was loaded with {name} as {stored[name]}, which is now {kind};"
                f" give {name} its former type"
            )
    paths = exp.array(*(exp.Literal.string(str(folder / file.path)) for file in files))
    return exp.select(*shown).from_(exp.Anonymous(this="read_parquet", expressions=[paths]))


def _typed(value: exp.Expression, name: str, kind: str) -> exp.Expression:
    return named(cast(value, kind), name)


def _is_widening(stored: str, kind: str) -> bool:
    old, new = _DECIMAL.fullmatch(stored), _DECIMAL.fullmatch(kind)
    if old is None or new is None:
        return False
    (old_width, old_scale), (new_width, new_scale) = map(int, old.groups()), map(int, new.groups())
    return new_scale >= old_scale and new_width - new_scale >= old_width - old_scale
