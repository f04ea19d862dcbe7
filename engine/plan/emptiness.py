"""Which queries have no rows whatever the database would do, since what they read has none.

Most periods use few of the mechanisms a ruleset has, and a database takes milliseconds to plan a query over nothing. A
query is only said to have no rows where that follows from its shape; of any other nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

IsEmpty = Callable[[exp.Table], bool]
"""Whether a relation that a query names is known to have no rows."""

_SETS = exp.GroupingSets | exp.Rollup | exp.Cube
_KEEPING_SIDES = frozenset({"", "LEFT"})
_MATCHING_KINDS = frozenset({"", "INNER", "CROSS", "SEMI"})
_OF_ONE_ROW = frozenset(
    {"CONCAT_WS", "CONTAINS", "GCD", "ISODOW", "LPAD", "REPLACE", "ROUND_EVEN", "STRUCT_EXTRACT", "UNNEST"}
)
"""Functions sqlglot has no class for, which do not aggregate."""


def has_no_rows(query: exp.Expr, is_empty: IsEmpty) -> bool:
    """Whether a query, subquery or relation certainly has no rows; False where that cannot be said."""
    if isinstance(query, exp.Alias | exp.Subquery):
        return not query.args.get("joins") and not query.args.get("with_") and has_no_rows(query.this, is_empty)
    if isinstance(query, exp.Table):
        plain = not query.args.get("joins") and not query.args.get("pivots")
        return plain and isinstance(query.this, exp.Identifier) and is_empty(query)
    if isinstance(query, exp.Union):
        return has_no_rows(query.this, is_empty) and has_no_rows(query.expression, is_empty)
    return isinstance(query, exp.Select) and _selects_nothing(query, is_empty)


def _selects_nothing(select: exp.Select, is_empty: IsEmpty) -> bool:
    return not select.args.get("with_") and _reads_nothing(select, is_empty) and _is_row_by_row(select)


def _reads_nothing(select: exp.Select, is_empty: IsEmpty) -> bool:
    """Whether no row comes to what a select groups and says."""
    where = select.args.get("where")
    if where is not None and isinstance(where.this, exp.Boolean) and not where.this.this:
        return True
    source = select.args.get("from_")
    joins: list[exp.Join] = select.args.get("joins") or []
    if source is None or any(one.side.upper() not in _KEEPING_SIDES for one in joins):
        return False
    return has_no_rows(source.this, is_empty) or any(_matches_nothing(one, is_empty) for one in joins)


def _matches_nothing(join: exp.Join, is_empty: IsEmpty) -> bool:
    """Whether a join drops every row, since each needs one of the other side and there is none."""
    return join.side == "" and join.kind.upper() in _MATCHING_KINDS and has_no_rows(join.this, is_empty)


def _is_row_by_row(select: exp.Select) -> bool:
    """Whether no rows in are no rows out: grouped by something, or nothing summed up over all rows."""
    group = select.args.get("group")
    if group is not None:
        plain = all(not value for key, value in group.args.items() if key != "expressions")
        return bool(group.expressions) and plain and not any(isinstance(one, _SETS) for one in group.expressions)
    return select.args.get("having") is None and not any(_sums_up(one) for one in select.expressions)


def _sums_up(value: exp.Expr) -> bool:
    """Whether a value is, or has in it, an aggregate of all rows, or a function that may be one."""
    parts = [value]
    while parts:
        part = parts.pop()
        if isinstance(part, exp.Window):
            parts.extend(_read_by_window(part))
        elif isinstance(part, exp.AggFunc) or _is_unknown(part):
            return True
        elif not isinstance(part, exp.Column | exp.Literal | exp.Query | exp.DataType):
            parts.extend(part.iter_expressions())
    return False


def _is_unknown(part: exp.Expr) -> bool:
    return isinstance(part, exp.Anonymous) and str(part.this).upper() not in _OF_ONE_ROW


def _read_by_window(window: exp.Window) -> Iterator[exp.Expr]:
    """What a window function is computed of, for every row."""
    function = window.this
    while isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    yield from function.iter_expressions()
    yield from (one for one in window.iter_expressions() if one is not window.this)
