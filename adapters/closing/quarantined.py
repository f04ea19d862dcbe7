"""Rows that wait in quarantine, as exceptions of a period: one for each file and reason, however many rows it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from adapters.books.entries import Load
from adapters.books.layout import QUARANTINE as HOME
from adapters.books.store import Books
from adapters.closing.inputs import parquet
from adapters.confined import confined
from adapters.quarantine import RESUBMITTED
from adapters.wording import counted, visible
from engine.ledger.calendar import Calendar
from engine.ledger.calendar import Period as CalendarPeriod
from engine.model.ruleset import Ruleset
from engine.plan.relation import column, named
from engine.plan.units.stock import union_all
from engine.run.conditions import CONTENT, QUARANTINE, ROWS_WAIT, Raised, Row, digest_of, exception_id, row_of
from engine.run.explanation import RawRow
from engine.run.oversold import owner_of

SEVERITY = "medium"
"""What rows in quarantine are worth looking at; rules that think otherwise have a control over what the books tell of
deliveries."""

CONTENT_DIGITS = 10
"""Digits of a file's SHA-256 that tell it from another of its name."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a file that wait for one reason: how many, the first line among them, and a hash of all their lines."""

    feed: str
    sha256: str
    reason: str
    rows: int
    first: int
    lines: str


def rows_in_quarantine(books: Books, ruleset: Ruleset, calendar: Calendar, period: CalendarPeriod) -> list[Raised]:
    """The exceptions that rows in quarantine are for a period, in the order of loads and of reasons.

    Rows wait from the load on, in every period, until they are resubmitted or somebody settles the exception; what was
    settled in an earlier period is no exception of a later one.
    """
    loads = {(one.feed, one.sha256): one for one in books.loads() if one.quarantined}
    if not loads:
        return []
    found = [(loads[one.feed, one.sha256], one) for one in _groups(books) if (one.feed, one.sha256) in loads]
    found.sort(key=lambda pair: (pair[0].id, pair[1].reason))
    owner = owner_of(ruleset.close)
    raised = [_raised(load, group, owner) for load, group in found]
    settled = _settled(books, calendar, period, {one.id for one in raised})
    return [one for one in raised if (one.id, one.digest) not in settled]


def load_of(loads: Iterable[Load], row: Row) -> Load | None:
    """The load, among some, whose rows an exception of quarantine is about."""
    key = dict(row)
    same = (one for one in loads if one.feed == key.get("feed"))
    return next((one for one in same if one.sha256.startswith(key.get(CONTENT) or " ")), None)


def waiting(books: Books, raised: Raised) -> list[RawRow]:
    """The rows of a file that went to quarantine for the reason of an exception, by line."""
    load, key = load_of(books.loads(), raised.row), dict(raised.row)
    if load is None:
        return []
    found: list[RawRow] = []
    for entry in (one for one in load.files if one.home == HOME):
        query = exp.select(column("source-row"), column("text")).from_(parquet(books.path(entry)))
        query = query.where(
            exp.EQ(this=column("source-file"), expression=exp.Literal.string(load.sha256)),
            exp.EQ(this=_first_reason(), expression=exp.Literal.string(key["reason"] or "")),
        )
        found += [
            RawRow(load.file_name, row, text) for row, text in _asked(books, query.order_by(column("source-row")))
        ]
    return found


def _first_reason() -> exp.Expr:
    """The short word of the first reason of a row in quarantine."""
    return _call("list_extract", column("summaries"), exp.Literal.number("1"))


def _asked(books: Books, query: exp.Query) -> list[tuple[Any, ...]]:
    """The rows of a query over what waits, in a database that can read nothing else."""
    entries = (*books.ledger.files_in(HOME), *books.fact_entries(RESUBMITTED))
    with confined({"threads": "1"}, (books.path(one) for one in entries)) as connection:
        return connection.execute(query.sql("duckdb", identify=True)).fetchall()


def _groups(books: Books) -> Iterable[Group]:
    """The rows that wait by feed, file and the first of their reasons."""
    parts: list[exp.Query] = []
    for entry in books.ledger.files_in(HOME):
        shown = (named(exp.Literal.string(entry.name), "feed"), column("source-file"), named(_first_reason(), "reason"))
        parts.append(exp.select(*shown, column("source-row")).from_(parquet(books.path(entry))))
    lines = _call("array_to_string", _call("list_sort", _call("list", column("source-row"))), exp.Literal.string(","))
    keys = [column(one) for one in ("feed", "source-file", "reason")]
    query = exp.select(
        *keys, exp.Count(this=exp.Star()), exp.Min(this=column("source-row")), _call("sha256", lines)
    ).from_(union_all(parts).subquery(exp.to_identifier("q", quoted=True)))  # fmt: skip
    replaced = _resubmitted(books)
    if replaced is not None:
        query = query.where(exp.Not(this=exp.Exists(this=replaced)))
    query = query.group_by(*(one.copy() for one in keys)).order_by(*(one.copy() for one in keys))
    rows = _asked(books, query)
    return [Group(feed, file, reason, count, first, hashed) for feed, file, reason, count, first, hashed in rows]


def _resubmitted(books: Books) -> exp.Query | None:
    """The rows of `q` in whose place others were resubmitted: those wait no more, whatever became of the others."""
    entries = books.fact_entries(RESUBMITTED)
    if not entries:
        return None
    names = ("feed", "replaced-file", "replaced-row")
    rows = [exp.select(*(column(one) for one in names)).from_(parquet(books.path(one))) for one in entries]
    pairs = zip(names, ("feed", "source-file", "source-row"), strict=True)
    same = [exp.EQ(this=column(mine, "r"), expression=column(its, "q")) for mine, its in pairs]
    together = union_all(rows).subquery(exp.to_identifier("r", quoted=True))
    return exp.select(exp.Literal.number("1")).from_(together).where(*same)


def _raised(load: Load, group: Group, owner: str) -> Raised:
    name = visible(load.file_name)
    row: Row = (
        ("feed", load.feed), ("file", name), (CONTENT, load.sha256[:CONTENT_DIGITS]), ("reason", group.reason)
    )  # fmt: skip
    which = f"line {group.first:,}" if group.rows == 1 else f"the first is line {group.first:,}"
    verb = "waits" if group.rows == 1 else "wait"
    sentence = f"{counted(group.rows, 'row')} {verb} in quarantine, {which}"
    digest = digest_of((sentence, SEVERITY, owner, group.lines))
    return Raised(QUARANTINE, ROWS_WAIT, row, "", SEVERITY, (QUARANTINE,), owner, None, sentence, digest, "")


def _settled(books: Books, calendar: Calendar, period: CalendarPeriod, ids: set[str]) -> set[tuple[str, str]]:
    """Exceptions of quarantine that were settled in an earlier period, with the digests they had."""
    earlier = [one.period.name for one in books.periods(calendar.name) if one.period.start < period.start]
    found = {
        (exception_id(one.name, row_of(one.row)), one.digest)
        for name in earlier
        for one in books.ledger.acceptances(calendar.name, name)
        if one.name == ROWS_WAIT
    }
    for (of, name, exception), item in books.state.items.items():
        if of == calendar.name and name in earlier and exception in ids and item.resolution is not None:
            found.add((exception, item.resolution.digest))
    return found


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))
