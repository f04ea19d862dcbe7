"""The guard before the database: what DuckDB itself understands a statement to be, held against what runs may do.

It knows nothing of how queries are written. DuckDB's own parser says which clauses, functions and tables a text has,
and its planner, which operators would run over which stored tables once views, macros and names are resolved. Each of
these must be on a list, and the text must be one statement that selects. So a mistake in `engine/plan/allowed.py` would
meet a second look that shares no code with it.

DuckDB's parser calls a query that deletes in a common table expression a SELECT, and EXPLAIN runs the second of two
statements; so the text is parsed and judged before it is planned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator
from typing import Any

import duckdb

from dsl.diagnostics import InternalError

CLAUSES = frozenset(
    {
        *("BASE_TABLE", "CASE_EXPR", "COLUMN_REF", "COMPARE_BETWEEN", "COMPARE_DISTINCT_FROM", "COMPARE_EQUAL"),
        *("COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO", "COMPARE_IN", "COMPARE_LESSTHAN"),
        *("COMPARE_LESSTHANOREQUALTO", "COMPARE_NOTEQUAL", "COMPARE_NOT_DISTINCT_FROM", "CONJUNCTION_AND"),
        *("CONJUNCTION_OR", "DISTINCT_MODIFIER", "EMPTY", "FUNCTION", "JOIN", "LIMIT_MODIFIER", "OPERATOR_CAST"),
        *("OPERATOR_COALESCE", "OPERATOR_IS_NULL", "OPERATOR_NOT", "ORDER_MODIFIER", "SELECT_NODE"),
        *("SET_OPERATION_NODE", "STAR", "SUBQUERY", "TABLE_FUNCTION", "TYPE", "VALUE_CONSTANT", "WINDOW_AGGREGATE"),
        *("WINDOW_FIRST_VALUE", "WINDOW_LAG", "WINDOW_LAST_VALUE", "WINDOW_LEAD", "WINDOW_RANK"),
        *("WINDOW_RANK_DENSE", "WINDOW_ROW_NUMBER"),
    }
)
"""The clauses and expressions a query of a run has, as DuckDB's parser names them."""

FUNCTIONS = frozenset(
    {
        *("+", "-", "*", "//", "%", "||", "abs", "arg_max", "bool_or", "concat_ws", "contains", "count", "count_star"),
        *("dense_rank", "first_value", "gcd", "generate_series", "greatest", "isodow", "lag", "last_value", "lead"),
        *("least", "list_contains", "list_position", "list_value", "lpad", "max", "min", "nullif", "range", "rank"),
        *("replace", "round", "round_even", "row", "row_number", "sign", "string_split", "struct_extract"),
        *("struct_pack", "sum", "to_days", "trunc", "unnest"),
    }
)
"""The functions a query of a run calls; none of them reads anything but its arguments."""

READ_FILE = "read_parquet"

OPERATORS = frozenset(
    {
        *("ASOF_JOIN", "BLOCKWISE_NL_JOIN", "COLUMN_DATA_SCAN", "CROSS_PRODUCT", "CTE", "CTE_SCAN", "DELIM_SCAN"),
        *("DUMMY_SCAN", "EMPTY_RESULT", "FILTER", "GENERATE_SERIES", "HASH_GROUP_BY", "HASH_JOIN", "IE_JOIN"),
        *("INOUT_FUNCTION", "LEFT_DELIM_JOIN", "LIMIT", "NESTED_LOOP_JOIN", "ORDER_BY", "PARTITIONED_AGGREGATE"),
        *("PERFECT_HASH_GROUP_BY", "PIECEWISE_MERGE_JOIN", "PROJECTION", "RANGE", "READ_PARQUET"),
        *("RIGHT_DELIM_JOIN", "SEQ_SCAN", "STREAMING_LIMIT", "STREAMING_WINDOW", "TOP_N", "UNGROUPED_AGGREGATE"),
        *("UNION", "UNNEST", "WINDOW"),
    }
)
"""What a plan of a run does. Only SEQ_SCAN reads a stored table and READ_PARQUET a file; nothing here writes."""

_SESSION = ("current_", "session_", "localtime")
"""What DuckDB takes for a word about the session, though it stands like a column; no column of ours has a `_`."""

_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
_PARSE = "SELECT json_serialize_sql($text)"

Knows = Callable[[str, str], bool]


def guard(connection: duckdb.DuckDBPyConnection, text: str, knows: Knows, files: Container[str] = ()) -> None:
    """Refuse a statement that is not one query over known relations; it is planned, and never run.

    `knows` says whether a relation of a schema ('' for where names are looked for) and name was made for the run,
    `files` are the paths it may read. InternalError names what is not allowed.
    """
    tree = _parsed(connection, text)
    common = {str(one["key"]) for one in _records(tree) if "key" in one and "value" in one}
    for node in _records(tree):
        _judge(node, knows, files, common)
    plan = json.loads(str(connection.execute(f"EXPLAIN (FORMAT json) {text}").fetchall()[0][1]))
    for node in _records(plan):
        if "name" in node and "children" in node:
            _judge_operator(node, knows)


def _parsed(connection: duckdb.DuckDBPyConnection, text: str) -> Any:
    """The one query a text is, as DuckDB's parser sees it."""
    if "\0" in text:
        raise InternalError("the guard refuses a zero character")
    parsed = json.loads(str(connection.execute(_PARSE, {"text": text}).fetchall()[0][0]))
    if parsed.get("error"):
        raise InternalError(f"the guard refuses what is no query ({parsed.get('error_type')})")
    if len(parsed["statements"]) != 1:
        raise InternalError(f"the guard refuses {len(parsed['statements'])} statements in one")
    return parsed["statements"][0]["node"]


def _judge(node: dict[str, Any], knows: Knows, files: Container[str], common: set[str]) -> None:
    """InternalError for a clause, function or table of a parsed query that is on no list."""
    kind = str(node.get("type"))
    is_clause = ("query_location" in node and "type" in node) or kind.endswith(("_NODE", "_MODIFIER"))
    if is_clause and kind not in CLAUSES:
        raise InternalError(f"the guard refuses a clause {kind}")
    for name in node.get("column_names", ()) if kind == "COLUMN_REF" else ():
        if str(name).lower().startswith(_SESSION):
            raise InternalError(f"the guard refuses {name}, which says something of the session")
    if "function_name" in node:
        name = str(node["function_name"]).lower()
        if name == READ_FILE:
            arguments = [one["expression"] for one in node["arguments"]]
            path = arguments[0].get("literal", {}).get("text") if arguments else None
            if path not in files:
                raise InternalError("the guard refuses a file that was not handed to the run")
        elif name not in FUNCTIONS:
            raise InternalError(f"the guard refuses the function {name}")
        if node.get("schema") or node.get("catalog"):
            raise InternalError(f"the guard refuses a function of a schema: {name}")
    if kind == "BASE_TABLE":
        schema, name = str(node["schema_name"]), str(node["table_name"])
        if node["catalog_name"] or not (knows(schema, name) or (not schema and name in common)):
            raise InternalError(f"the guard refuses the table {name}, which was not made for this run")


def _judge_operator(node: dict[str, Any], knows: Knows) -> None:
    """InternalError for an operator of a plan that is on no list, or a stored table that was not made for the run."""
    name = str(node["name"]).strip().upper()
    if name not in OPERATORS:
        raise InternalError(f"the guard refuses a plan with {name}")
    table = node.get("extra_info", {}).get("Table")
    if table is not None:
        parts = [quoted.replace('""', '"') if quoted else bare for quoted, bare in _PART.findall(str(table))]
        if len(parts) < 2 or not knows(parts[-2], parts[-1]):
            raise InternalError(f"the guard refuses a plan over the table {table}")


def _records(value: Any) -> Iterator[dict[str, Any]]:
    """Every record inside of a JSON value, without recursion: plans are deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
