"""Parquet files as a publication writes them, and the columns they turned out to have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
from sqlglot import exp

ROW_GROUP_ROWS = 122_880
"""Rows of a Parquet row group: fixed, since it is part of the bytes."""

Columns = tuple[tuple[str, str], ...]


def write_rows(connection: duckdb.DuckDBPyConnection, query: exp.Query, target: Path) -> int:
    """Write the rows of an ordered query, straight to where they stay; the number of rows."""
    text = query.sql(dialect="duckdb", copy=False)
    # The folder is a staging one: to write under another name first and rename would be done twice.
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}, USE_TMP_FILE false"
    [(rows,)] = connection.execute(f"COPY ({text}) TO $target ({options})", {"target": str(target)}).fetchall()
    return int(rows)


def columns_of(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> dict[Path, Columns]:
    """Names and types of each file's columns as DuckDB reads them, of all files in one query."""
    found: dict[str, list[tuple[str, str, int]]] = {str(file): [] for file in files}
    read = connection.execute(
        "SELECT file_name, name, duckdb_type, num_children FROM parquet_schema($files) ORDER BY file_name, column_id",
        {"files": list(found)},
    )
    for file, name, kind, children in read.fetchall():
        found[file].append((name, kind, children or 0))
    return {file: tuple(_outermost(found[str(file)])) for file in files}


def _outermost(elements: Sequence[tuple[str, str, int]]) -> Iterator[tuple[str, str]]:
    """The columns among a file's elements, which are listed from the root down, each before what is inside of it."""
    at = 1
    while at < len(elements):
        name, kind, _ = elements[at]
        yield name, kind
        inside = 1
        while inside:
            inside += elements[at][2] - 1
            at += 1
