"""Tests run in two workers on two cores: a database gets one thread there, unless a test asks for more.

Two databases of two threads each took a ninth more time than two of one. What a test says about threads stands. To make
a database takes a thirtieth of a second and the tests make a thousand, so those in memory that were asked for with the
same settings are attached to one; each is still a catalog of its own, gone when it is closed. Commands that tests start
as processes of their own make databases as users do.
"""

from __future__ import annotations

import gc
from itertools import count
from typing import Any, Self

import duckdb

_connect = duckdb.connect
_numbers = count(1)
_LOCK = "lock_configuration = true"


_instances: dict[tuple[tuple[str, Any], ...], duckdb.DuckDBPyConnection] = {}


class _Attached:
    """A connection to a database of its own within an instance that others share; what it opens, it closes."""

    def __init__(self, instance: duckdb.DuckDBPyConnection, catalog: str, *, is_owner: bool) -> None:
        self._instance, self._catalog, self._is_owner = instance, catalog, is_owner
        self._connection = instance.cursor()
        self._connection.execute(f"USE {catalog}")

    def cursor(self) -> _Attached:
        return _Attached(self._instance, self._catalog, is_owner=False)

    def close(self) -> None:
        self._connection.close()
        if self._is_owner:
            self._is_owner = False
            self._instance.execute(f"DETACH {self._catalog}")

    def execute(self, query: str, *arguments: Any, **named: Any) -> Any:
        if query.endswith(_LOCK):
            return self._connection  # what one test may read is not what the next may; processes of tests are confined
        return self._connection.execute(query, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect_attached(database: str = ":memory:", *arguments: Any, **named: Any) -> Any:
    settings = {"threads": "1", **(named.pop("config", None) or {})}
    if database != ":memory:" or arguments or named or "memory_limit" in settings:
        return _connect(database, *arguments, config=settings, **named)
    settings.pop("temp_directory", None)  # where nothing limits memory, nothing is spilled
    key = tuple(sorted(settings.items()))
    if key not in _instances:
        _instances[key] = _connect(":memory:", config=settings)
    instance = _instances[key]
    catalog = f"database_{next(_numbers)}"
    instance.execute(f"ATTACH ':memory:' AS {catalog}")
    return _Attached(instance, catalog, is_owner=True)


duckdb.connect = _connect_attached


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as commands do: what was imported and collected stays, and to look took a seventh."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_unconfigure() -> None:
    """Close what the tests shared, and let everything go."""
    for instance in _instances.values():
        instance.close()
    _instances.clear()
    gc.unfreeze()
