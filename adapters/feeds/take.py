"""Taking one file: from its bytes to accepted facts and quarantined rows, with every row of it in one of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
from sqlglot import exp

from adapters.client.config import Feed
from adapters.feeds import staging, totals, versions
from adapters.feeds.conditions import fills, is_business, named_columns
from adapters.feeds.expressions import (
    both,
    call,
    create_table,
    drop_table,
    insert_into,
    is_missing,
    number,
    run,
    text,
    texts,
)
from adapters.feeds.filling import Filled, Surroundings, fill_record
from adapters.feeds.report import FileReport, Outcome
from adapters.feeds.source_file import SourceFile, decoded
from adapters.feeds.staging import (
    CUT,
    REASON_PARTS,
    REASONS,
    ROW,
    STAGED,
    TEXT,
    Check,
    Header,
    has_reasons,
    is_among,
    is_good,
    record_reasons,
    rows_of,
)
from adapters.feeds.versions import Closed
from dsl.diagnostics import InternalError
from engine.model.schema import Record, Schema
from engine.plan.relation import column, named, table

ROWS = "rows taken"
"""Every row of the load's files verbatim, with what became of it: accepted, quarantined or set aside."""

ROWS_SHAPE = (("source-file", "VARCHAR"), ("source-row", "BIGINT"), ("text", "VARCHAR"), ("fate", "VARCHAR"))
FAULTS_SHOWN = 5
"""How many quarantined rows of a file are reported one by one."""

QUARANTINE_SHAPE = (
    ("source-file", "VARCHAR"),
    ("file-name", "VARCHAR"),
    ("source-row", "BIGINT"),
    ("text", "VARCHAR"),
    ("reasons", "VARCHAR[]"),
    ("summaries", "VARCHAR[]"),
    ("columns", "VARCHAR[]"),
)
"""A row in quarantine; `columns` are the names of its file's columns, in order."""


@dataclass(frozen=True, slots=True)
class Books:
    """What the books know that rows are held against: the shapes of records, registers the client supplies, and the
    last hard-closed period.
    """

    schema: Schema
    supplied: Mapping[str, Record]
    closed: Closed | None


def quarantined(feed: Feed) -> str:
    """The table of rows that a feed's files of this load leave in quarantine."""
    return f"quarantine:{feed.name}"


_SMALL = 1_000_000
"""Bytes of a file whose tables may lie about until the next file's take their place."""


def take_file(
    connection: duckdb.DuckDBPyConnection, source: SourceFile, feed: Feed, around: Surroundings, books: Books
) -> FileReport:
    """Take a file of a feed into the load's tables; FileRefusedError, nothing added, if it is not whole."""
    lines = decoded(source, feed.delimited.encoding)
    header = staging.read_header(lines, feed)
    staging.stage(connection, lines, header, feed.delimited)
    declared = totals.take_trailer(connection, header, feed.delimited)
    staging.cut(connection, feed, header, feed.delimited.quote.encode() in lines.data)
    totals.check_trailer(connection, declared, feed)
    filled = _fill(connection, feed, around, books)
    _hint_at_totals(connection, feed)
    for one in filled:
        versions.check_references(connection, one, filled, books.supplied)
    for name in dict.fromkeys(one.record.name for one in filled):
        versions.check_repeats(connection, [one for one in filled if one.record.name == name])
    for one in filled:
        versions.number_versions(connection, one, books.closed)
    facts = dict.fromkeys((one.record.name for one in filled), 0)
    for one in filled:
        facts[one.record.name] += versions.keep_facts(connection, one, source.sha256)
    fates = _fates(connection)
    accepted, refused = fates.get("accepted", 0), fates.get("quarantined", 0)
    _keep_rows(connection, source)
    if refused:
        _keep_refused(connection, source, feed, header)
    report = FileReport(
        name=source.name,
        feed=feed.name,
        outcome=Outcome.LOADED,
        sha256=source.sha256,
        size=len(source.data),
        received=accepted + refused,
        accepted=accepted,
        quarantined=refused,
        set_aside=fates.get("set aside", 0),
        already_known=_already_known(connection, filled, accepted),
        facts=tuple(facts.items()),
        totals=totals.control_totals(connection, feed, books.schema, declared, around.currency),
        reasons=_summaries(connection) if refused else (),
        faults=_first_faults(connection) if refused else (),
    )
    if len(source.data) > _SMALL:
        _forget(connection, filled)
    return report


def _forget(connection: duckdb.DuckDBPyConnection, filled: Sequence[Filled]) -> None:
    """Drop the tables of a file; what a small one leaves, the next one replaces."""
    used = (STAGED, CUT, REASONS, "fates", "twice", "entries", "repeats", *(one.name for one in filled))
    for name in (*used, *(versions.versions(one) for one in filled)):
        run(connection, drop_table(name))


def _fill(connection: duckdb.DuckDBPyConnection, feed: Feed, around: Surroundings, books: Books) -> tuple[Filled, ...]:
    """Fill every record of a feed; rows that fit none are quarantined or set aside, as the feed says."""
    business = is_business(feed)
    checks = [_unsaid(is_missing(business), named_columns(feed.only), "is the feed's business")] if feed.only else []
    filled = []
    for at, fill in enumerate(feed.fills):
        record = books.schema.record(fill.record)
        if record is None:
            raise InternalError(f"feed {feed.name} fills {fill.record}, which the schema does not have")
        filled.append(Filled(record, fill, f"filled:{at}"))
        fill_record(connection, feed, filled[-1], around, business)
        if fill.when:
            unsaid = both(business, is_missing(exp.Paren(this=fills(fill, feed))))
            checks.append(_unsaid(unsaid, named_columns(fill.when), f"fills {fill.record}"))
    record_reasons(connection, CUT, checks)
    _place_others(connection, feed, filled, business)
    return tuple(filled)


def _unsaid(fails: exp.Expression, columns: str, what: str) -> Check:
    reason = text(f"{columns}: missing or unreadable, so whether the row {what} cannot be said")
    return Check(fails, reason, f"{columns} missing")


def _place_others(
    connection: duckdb.DuckDBPyConnection, feed: Feed, filled: Sequence[Filled], business: exp.Expression
) -> None:
    """Set aside what is not the feed's business, and do as the feed says with rows that fit no record."""
    run(connection, create_table(totals.SET_ASIDE, rows_of(CUT).where(exp.Not(this=exp.Paren(this=business)))))
    if any(not fill.when for fill in feed.fills):
        return
    fitting = [*(one.name for one in filled), REASONS, totals.SET_ASIDE]
    leftover = rows_of(CUT).where(both(*(exp.Not(this=is_among(rows_of(name))) for name in fitting)))
    if feed.otherwise == "set aside":
        run(connection, insert_into(totals.SET_ASIDE, leftover))
        return
    records = ", ".join(dict.fromkeys(one.record.name for one in filled))
    run(connection, create_table("leftover", leftover))
    reason = text(f"fits none of the conditions under which the feed fills {records}")
    record_reasons(connection, "leftover", [Check(exp.true(), reason, "fits no record")])


def _hint_at_totals(connection: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    """Say of bad rows that look like totals that they do."""
    if not has_reasons(connection):
        return
    separator = "\\t" if feed.delimited.separator == "\t" else f"\\x{{{ord(feed.delimited.separator):x}}}"
    pattern = rf'(?i)(^|[{separator}"]) *(grand |sub-?)?totals?:? *($|[{separator}"])'
    looks = call("regexp_matches", column(TEXT), text(pattern))
    query = exp.select(
        column(ROW),
        named(number(-1), "place"),
        named(text("looks like a total; if every file ends in one, declare it as the feed's trailer"), "reason"),
        named(text("total row"), "summary"),
    )
    run(connection, insert_into(REASONS, query.from_(table(STAGED)).where(both(is_among(rows_of(REASONS)), looks))))


def _fates(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Make the table `fates` of every staged row, and count it."""
    case = exp.Case(
        ifs=[
            exp.If(this=is_among(rows_of(REASONS)), true=text("quarantined")),
            exp.If(this=is_among(rows_of(totals.SET_ASIDE)), true=text("set aside")),
        ],
        default=text("accepted"),
    )
    query = exp.select(column(ROW), column(TEXT), named(case, "fate")).from_(table(STAGED))
    run(connection, create_table("fates", query))
    counted = exp.select(column("fate"), exp.Count(this=exp.Star())).from_(table("fates")).group_by(column("fate"))
    return {str(fate): int(str(count)) for fate, count in run(connection, counted)}


def _already_known(connection: duckdb.DuckDBPyConnection, filled: Sequence[Filled], accepted: int) -> int:
    """How many accepted rows say only what the books know; InternalError if an accepted row fills nothing."""
    said: exp.Query = rows_of(versions.versions(filled[0]))
    news: exp.Query = versions.says_something(filled[0])
    for one in filled[1:]:
        said = exp.union(said, rows_of(versions.versions(one)), distinct=False)
        news = exp.union(news, versions.says_something(one), distinct=False)
    counts = exp.Count(this=exp.Distinct(expressions=[column(ROW)]))
    known = exp.Count(this=exp.Distinct(expressions=[exp.If(this=exp.Not(this=is_among(news)), true=column(ROW))]))
    query = exp.select(counts, known).from_(said.subquery("said")).where(is_good())
    [(filling, already)] = run(connection, query)
    if filling != accepted:
        raise InternalError(f"{accepted} rows were accepted and {filling} of them fill a record")
    return int(str(already))


def _summaries(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[str, int], ...]:
    """Quarantined rows by the short word of their first reason; most first."""
    first = exp.select(column(ROW), named(call("min_by", column("summary"), _rank()), "summary"))
    first = first.from_(table(REASONS)).group_by(column(ROW))
    query = exp.select(column("summary"), named(exp.Count(this=exp.Star()), "rows")).from_(first.subquery("first"))
    query = query.group_by(column("summary")).order_by(exp.Ordered(this=column("rows"), desc=True), column("summary"))
    return tuple((str(summary), int(str(count))) for summary, count in run(connection, query))


def _first_faults(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[int, str], ...]:
    """The first quarantined rows, each by its line and its first reason."""
    query = exp.select(column(ROW), named(call("min_by", column("reason"), _rank()), "reason")).from_(table(REASONS))
    query = query.group_by(column(ROW)).order_by(column(ROW)).limit(FAULTS_SHOWN)
    return tuple((int(str(row)), str(reason)) for row, reason in run(connection, query))


def _rank() -> exp.Expression:
    """Reasons in order: place, then words."""
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=column(name)) for name in REASON_PARTS]
    )


def _keep_rows(connection: duckdb.DuckDBPyConnection, source: SourceFile) -> None:
    """Add the file's rows to the load's verbatim rows."""
    verbatim = exp.select(text(source.sha256), column(ROW), column(TEXT), column("fate")).from_(table("fates"))
    run(connection, insert_into(ROWS, verbatim))


def _keep_refused(connection: duckdb.DuckDBPyConnection, source: SourceFile, feed: Feed, header: Header) -> None:
    """Add the file's bad rows to the feed's quarantine."""
    once = exp.select(column(ROW), column("reason"), named(exp.Min(this=_rank()), "rank")).from_(table(REASONS))
    once = once.group_by(column(ROW), column("reason"))
    ranks = exp.select(column(ROW), named(call("list_sort", call("list", column("rank"))), "ranks"))
    ranks = ranks.from_(once.subquery("once")).group_by(column(ROW))
    query = (
        exp.select(
            named(text(source.sha256), "source-file"),
            named(text(source.name), "file-name"),
            column(ROW, "bad"),
            column(TEXT, "fates"),
            named(_each("reason"), "reasons"),
            named(_each("summary"), "summaries"),
            named(texts(header.columns), "columns"),
        )
        .from_(ranks.subquery("bad"))
        .join(table("fates"), on=exp.EQ(this=column(ROW, "bad"), expression=column(ROW, "fates")))
    )
    run(connection, insert_into(quarantined(feed), query))


def _each(key: str) -> exp.Expression:
    one = exp.to_identifier("one", quoted=True)
    part = exp.Dot(this=column("one"), expression=exp.to_identifier(key))
    return call("list_transform", column("ranks", "bad"), exp.Lambda(this=part, expressions=[one]))
