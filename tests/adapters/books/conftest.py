from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from adapters.books.store import Books, open_books
from tests.adapters.books.publishing import fixed_clock


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "client" / "books"


@pytest.fixture
def books(folder: Path) -> Iterator[Books]:
    with open_books(folder, write=True, create=True, clock=fixed_clock, actor="preparer") as books:
        yield books
