"""Rows against each other and against what the books know: unknown references, repeats, versions, closed periods.

Facts known so far are in tables `known:RECORD`, one row per version, with the record's columns and the implied ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from sqlglot import exp

from adapters.feeds.expressions import (
    both,
    call,
    cast,
    certainly,
    concatenated,
    create_table,
    either,
    empty_table,
    insert_into,
    is_given,
    number,
    run,
    text,
)
from adapters.feeds.filling import CURRENCY, KNOWN_AT, ROW_KEY, Filled
from adapters.feeds.staging import REASONS, ROW, Check, is_good, record_reasons, rows_of
from adapters.feeds.values import shown
from engine.model.datatypes import Family
from engine.model.schema import IDENTITY_SEPARATOR, Record
from engine.plan.relation import column, named, table

_REFERENCE_PLACE = 1_000


@dataclass(frozen=True, slots=True)
class Closed:
    """The last day of the last hard-closed period, its name, and the file of the later facts it counted a part of."""

    through: date
    period: str
    settled: Path | None = None


def known(record: Record) -> str:
    """The table of a record's facts known so far."""
    return f"known:{record.name}"


def check_references(
    connection: duckdb.DuckDBPyConnection, filled: Filled, others: Sequence[Filled], supplied: Mapping[str, Record]
) -> None:
    """Record a reason for each value that names a row of a register which nobody supplied.

    `supplied` are the registers that the client supplies, by name; rows of the same file count as supplied.
    """
    for place, item in enumerate(filled.record.columns, _REFERENCE_PLACE):
        register = supplied.get(item.type.domain) if item.type.family is Family.REGISTER else None
        if register is None or len(register.identity) != 1:
            continue
        keys: exp.Query = exp.select(column("identity")).from_(table(known(register)))
        for other in others:
            if other.record.name == register.name:
                keys = exp.union(
                    keys, exp.select(column("identity")).from_(table(other.name)), distinct=False, copy=False
                )
        value = column(item.name)
        absent = exp.Not(this=exp.In(this=value, query=exp.Subquery(this=keys)))
        reason = concatenated(text(f"{item.name}: "), shown(value), text(f" is not a known {register.name}"))
        query = exp.select(
            column(ROW),
            named(number(place), "place"),
            named(reason, "reason"),
            named(text(f"unknown {register.name}"), "summary"),
        )
        query = query.from_(table(filled.name)).where(both(is_given(value), absent), copy=False)
        run(connection, insert_into(REASONS, query))


def check_repeats(connection: duckdb.DuckDBPyConnection, alike: Sequence[Filled]) -> None:
    """Record a reason for rows that repeat a good row of the same file; `alike` all fill the same record.

    A row with the same content repeats the first, which stands; of rows that differ none stands.
    """
    record = alike[0].record
    if not _note_twice(connection, alike):
        return
    parts = [
        exp.select(column(ROW), column(ROW_KEY), *(column(name) for name in _content(record)))
        .from_(table(one.name))
        .where(both(is_good(), exp.In(this=column(ROW_KEY), query=exp.Subquery(this=_keys_of("twice")))))
        for one in alike
    ]
    run(connection, create_table("entries", _union(parts)))
    content = exp.Struct(expressions=[_field(name) for name in _content(record)])
    of_key: dict[str, exp.Expression] = {
        "contents": exp.Count(this=exp.Distinct(expressions=[content])),
        "rows": exp.Count(this=exp.Distinct(expressions=[column(ROW)])),
        "first row": exp.Min(this=column(ROW)),
        "last row": exp.Max(this=column(ROW)),
    }
    rows = exp.select(
        column(ROW),
        *(named(exp.Window(this=value, partition_by=[column(ROW_KEY)]), name) for name, value in of_key.items()),
    ).from_(table("entries"))
    run(connection, create_table("repeats", rows.distinct()))
    record_reasons(connection, "repeats", _repeat_checks(record))


def _note_twice(connection: duckdb.DuckDBPyConnection, alike: Sequence[Filled]) -> bool:
    """Make the table `twice` of keys that more than one good row has; whether there are any."""
    keys = _union([_keys_of(one.name).where(is_good()) for one in alike])
    more = exp.GT(this=exp.Count(this=exp.Star()), expression=number(1))
    query = exp.select(column(ROW_KEY)).from_(keys.subquery("keys")).group_by(column(ROW_KEY)).having(more)
    run(connection, create_table("twice", query))
    return bool(run(connection, _keys_of("twice").limit(1)))


def _keys_of(name: str) -> exp.Select:
    return exp.select(column(ROW_KEY)).from_(table(name))


def _union(parts: Sequence[exp.Query]) -> exp.Query:
    """All rows of some queries."""
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.union(whole, part, distinct=False)
    return whole


def _repeat_checks(record: Record) -> list[Check]:
    key = ", ".join(record.row_key)
    is_alone = exp.EQ(this=column("rows"), expression=number(1))
    is_same = exp.EQ(this=column("contents"), expression=number(1))
    is_first = exp.EQ(this=column(ROW), expression=column("first row"))
    other = exp.If(this=is_first, true=column("last row"), false=column("first row"))
    return [
        Check(is_alone, text(f"fills {record.name} twice with the same {key}"), f"fills {record.name} twice"),
        Check(
            both(is_same.copy(), exp.Not(this=exp.Paren(this=is_first.copy()))),
            concatenated(text("the same row as line "), cast(column("first row"), "VARCHAR")),
            "repeated row",
        ),
        Check(
            exp.Not(this=exp.Paren(this=exp.Or(this=is_same, expression=is_alone.copy()))),
            concatenated(
                text(f"the same {key} as line "),
                cast(other, "VARCHAR"),
                text(", but different content; which is right?"),
            ),
            f"same {key} twice in the file",
        ),
    ]


def _field(name: str) -> exp.Expression:
    return exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=column(name))


def _content(record: Record) -> tuple[str, ...]:
    """The columns in which two versions of a fact may differ."""
    own = tuple(item.name for item in record.columns)
    return own if CURRENCY in own else (*own, CURRENCY)


def number_versions(connection: duckdb.DuckDBPyConnection, filled: Filled, closed: Closed | None) -> None:
    """Make `FILLED:versions`: each good row with its version, and whether the books know exactly this already.

    A new version of a fact that a hard-closed period has counted is a reason against the row.
    """
    earlier = exp.select(column(ROW_KEY)).from_(_known_keys(filled.record).subquery("earlier"))
    is_there = exp.In(this=column(ROW_KEY), query=exp.Subquery(this=earlier))
    if run(connection, rows_of(filled.name).where(is_there).limit(1)):
        query = _versions(filled, closed)
    else:
        first = (named(number(1), "version"), named(exp.false(), "is known"), named(exp.false(), "is frozen"))
        query = exp.select(column(ROW), *first).from_(table(filled.name)).where(is_good())
    run(connection, create_table(versions(filled), query))
    if closed is not None:
        frozen = Check(
            both(column("is frozen"), exp.Not(this=column("is known"))),
            text(
                f"changes a fact that {closed.period} has counted, and {closed.period} is hard-closed;"
                " correct it by a fact of its own"
            ),
            "changes a hard-closed period",
        )
        record_reasons(connection, versions(filled), [frozen])


def _known_keys(record: Record) -> exp.Select:
    """All facts known so far, with the key of each row."""
    parts: list[exp.Expression] = [column("identity")]
    for name in record.row_key[len(record.identity) :]:
        as_text = exp.Coalesce(this=cast(column(name), "VARCHAR"), expressions=[text("")])
        parts += [text(IDENTITY_SEPARATOR), as_text]
    return exp.select(exp.Star(), named(concatenated(*parts), ROW_KEY)).from_(table(known(record)))


def _standing(filled: Filled) -> exp.Select:
    """The standing version of each fact that good rows speak of: newest known, then newest loaded."""
    keys = _keys_of(filled.name).where(is_good())
    order = [exp.Ordered(this=column(KNOWN_AT), desc=True), exp.Ordered(this=column("version"), desc=True)]
    rank = exp.Window(this=call("row_number"), partition_by=[column(ROW_KEY)], order=exp.Order(expressions=order))
    newest = exp.Window(this=exp.Max(this=column("version")), partition_by=[column(ROW_KEY)])
    ranked = (
        exp.select(exp.Star(), named(rank, "rank"), named(newest, "newest version"))
        .from_(_known_keys(filled.record).subquery("earlier"))
        .where(exp.In(this=column(ROW_KEY), query=exp.Subquery(this=keys)))
    )
    first = exp.EQ(this=column("rank"), expression=number(1))
    return exp.select(exp.Star()).from_(ranked.subquery("ranked")).where(first)


def _versions(filled: Filled, closed: Closed | None) -> exp.Select:
    """Good rows beside the standing version of their fact, if there is one."""
    record = filled.record
    same = both(
        *(exp.NullSafeEQ(this=column(name, "new"), expression=column(name, "old")) for name in _content(record))
    )
    was_there = is_given(column("version", "old"))
    newest = exp.Coalesce(this=column("newest version", "old"), expressions=[number(0)])
    selected = (
        column(ROW, "new"),
        named(exp.Add(this=newest, expression=number(1)), "version"),
        named(certainly(both(was_there, same)), "is known"),
        named(certainly(_touches(record, closed, was_there)), "is frozen"),
    )
    same_key = exp.EQ(this=column(ROW_KEY, "new"), expression=column(ROW_KEY, "old"))
    return (
        exp.select(*selected, copy=False)
        .from_(table(filled.name, "new"), copy=False)
        .join(_standing(filled).subquery("old"), on=same_key, join_type="left", copy=False)
        .where(is_good(column(ROW, "new")), copy=False)
    )


def versions(filled: Filled) -> str:
    """The table of a filled record's good rows with their versions."""
    return f"{filled.name}:versions"


def _touches(record: Record, closed: Closed | None, was_there: exp.Expression) -> exp.Expression:
    """Whether a row is a second version of an event that lies in a closed period, or moves it there."""
    if closed is None or record.family != "kind" or record.on is None:
        return exp.false()
    last = cast(text(closed.through.isoformat()), "DATE")
    reasons: list[exp.Expression] = [
        exp.LTE(this=column(record.on, alias), expression=last.copy()) for alias in ("old", "new")
    ]
    if closed.settled is not None:
        reasons.append(_is_settled(record, closed.settled))
    return both(was_there.copy(), either(*reasons))


def _is_settled(record: Record, file: Path) -> exp.Expression:
    """Whether a closed period counted a part of a fact that is dated after it."""
    of_kind = exp.EQ(this=column("kind"), expression=text(record.name))
    rows = exp.Anonymous(this="read_parquet", expressions=[text(str(file))])
    settled = exp.select(column("identity")).from_(rows).where(of_kind)
    return exp.In(this=column("identity", "old"), query=exp.Subquery(this=settled))


def keep_facts(connection: duckdb.DuckDBPyConnection, filled: Filled, source_file: str) -> int:
    """Add the accepted, not yet known rows of a filled record to its facts; how many."""
    record = filled.record
    chosen = []
    for name, storage in record.stored:
        value: exp.Expression = column(name, "new")
        if name == "version":
            value = column("version", "numbered")
        elif name == "source-file":
            value = text(source_file)
        chosen.append(named(cast(value, storage), name))
    same_row = exp.EQ(this=column(ROW, "new"), expression=column(ROW, "numbered"))
    query = (
        exp.select(*chosen, copy=False)
        .from_(table(filled.name, "new"), copy=False)
        .join(table(versions(filled), "numbered"), on=same_row, copy=False)
        .where(both(is_good(column(ROW, "new")), exp.Not(this=column("is known", "numbered"))), copy=False)
    )
    [(count,)] = run(connection, insert_into(new_facts(record), query))
    return int(str(count))


def new_facts(record: Record) -> str:
    """The table of a record's facts that this load adds."""
    return f"new:{record.name}"


def past(record: Record) -> str:
    """The view of a record's facts in the books, under its stored columns, which the caller attaches."""
    return f"past:{record.name}"


def prepare(connection: duckdb.DuckDBPyConnection, record: Record) -> None:
    """Make the empty table of a record's new facts, and the view of all facts known so far."""
    shape = record.stored
    run(connection, empty_table(new_facts(record), shape))
    parts = [
        exp.select(*(column(name) for name, _ in shape)).from_(table(name))
        for name in (past(record), new_facts(record))
    ]
    union = exp.union(parts[0], parts[1], distinct=False)
    run(connection, exp.Create(this=table(known(record)), kind="VIEW", expression=union, replace=True))


def says_something(filled: Filled) -> exp.Select:
    """The rows of which this filled record says something new."""
    return rows_of(versions(filled)).where(exp.Not(this=column("is known")))
