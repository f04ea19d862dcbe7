"""Tests run in two workers on two cores: a database gets one thread there, unless a test asks for more.

Two databases of two threads each took a ninth more time than two of one. What a test says about threads stands.
"""

from __future__ import annotations

from typing import Any

import duckdb

_connect = duckdb.connect


def _connect_with_one_thread(*arguments: Any, **named: Any) -> duckdb.DuckDBPyConnection:
    named["config"] = {"threads": "1", **(named.get("config") or {})}
    return _connect(*arguments, **named)


duckdb.connect = _connect_with_one_thread
