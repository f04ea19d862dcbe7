"""The executor on DuckDB: relations become tables and views of one private database.

The settings are part of what a run promises: no row order is kept that was not asked for, time is UTC, a division by
zero is an error, and it reads and writes nothing but what it was given (`adapters.confined`). Rows computed outside
come in as Arrow batches, which took a tenth of the time of bound parameters on a million rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow
from sqlglot import exp

from adapters.confined import confined
from adapters.plan_guard import guard
from adapters.withholding import without_values
from dsl.diagnostics import InternalError
from engine.plan.allowed import Writer
from engine.plan.emptiness import has_no_rows
from engine.plan.executor import Row
from engine.plan.relation import Relation

_BATCH = 100_000
MAIN = "main"
"""The namespace of an executor that is no branch: DuckDB's own."""
_ASKED = "a query of the run"
"""What a query is called that no relation names."""
_INEXACT = re.compile(r"\b(DOUBLE|FLOAT|REAL)\b")
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_ARROW_TYPES = {
    "TINYINT": pyarrow.int8(),
    "SMALLINT": pyarrow.int16(),
    "INTEGER": pyarrow.int32(),
    "BIGINT": pyarrow.int64(),
    "VARCHAR": pyarrow.string(),
    "DATE": pyarrow.date32(),
    "BOOLEAN": pyarrow.bool_(),
}


class ResourceError(Exception):
    """The machine, not the rules, stopped the run: memory, disk or a broken file; the sentence says what to do."""


class DuckDBExecutor:
    """Holds the relations of one run in a DuckDB database, in memory unless a file is given.

    `threads` is a count, `memory_limit` a size as DuckDB writes it (`2GB`), `temporary_folder` the place where work
    larger than memory is spilled; without one nothing is. `reads` are the files that queries may read, `writes` the
    folders that files may be written in; with neither there is no way out of the database. A query that certainly has
    no rows is not planned, unless `plans_everything`: then the database sees its names and types, too, and rows where
    there should be none are an InternalError. `guarded` has each query pass the plan guard first. Usable as a context
    manager; `close` forgets everything held in memory.
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        memory_limit: str | None = None,
        temporary_folder: Path | None = None,
        database: Path | None = None,
        reads: Iterable[Path] = (),
        writes: Iterable[Path] = (),
        plans_everything: bool = False,
        guarded: bool = False,
    ) -> None:
        settings = {
            "preserve_insertion_order": "false",
            "ieee_floating_point_ops": "false",
            # A left side that looks small would be looped over, and estimates behind a filter are wrong by millions.
            "asof_loop_join_threshold": "0",
        }
        if threads is not None:
            settings["threads"] = str(threads)
        if memory_limit is not None:
            settings["memory_limit"] = memory_limit
        if temporary_folder is not None:
            settings["temp_directory"] = str(temporary_folder)
        given = tuple(reads)
        self.connection = confined(settings, given, writes, database)
        self._files = frozenset(map(str, given))
        self._writer = Writer(self._knows)
        self._text: dict[int, tuple[exp.Query, str]] = {}
        self._made: dict[str, _Made] = {}
        self._plans_everything = plans_everything
        self._guarded = guarded
        self._relied_on: set[str] = set()
        self._ran = hashlib.sha256()
        self._above: DuckDBExecutor | None = None
        self._namespaces: tuple[str, ...] = (MAIN,)
        self._branches: list[DuckDBExecutor] = []

    @property
    def namespace(self) -> str:
        """What queries of other executors say before the names of relations made here."""
        return self._namespaces[0]

    def branch(self, namespace: str) -> DuckDBExecutor:
        """An executor with relations of its own, which reads those made here where it has none of that name.

        It is a schema of the same database, before those of this executor in the search path; it ends with this one.
        """
        with _faults(f"namespace {namespace}"):
            self.connection.execute(f"CREATE SCHEMA {_quoted(namespace)}")
        made = copy(self)
        made._text, made._branches, made._above = {}, [], self
        made._made, made._relied_on = {}, set()
        made._writer = Writer(made._knows)
        made._namespaces = (namespace, *self._namespaces)
        made.connection = made._cursor(self.connection)
        self._branches.append(made)
        return made

    def _cursor(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """Another connection to the database, which looks for relations where this executor does."""
        cursor = connection.cursor()
        if self.namespace != MAIN:
            path = ",".join(_quoted(one) for one in self._namespaces)
            cursor.execute("SET search_path = " + exp.Literal.string(path).sql(dialect="duckdb"))
        return cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and every branch of it; relations held in memory are gone."""
        for one in self._branches:
            one.close()
        self.connection.close()

    def create(self, relation: Relation) -> int | None:
        """Make a relation available: the number of rows where it is stored, None where it is a view.

        Raises InternalError where the database reports other types than the relation declares, or an inexact one.
        """
        name = _quoted(relation.name)
        subject = f"relation {relation.name} ({relation.origin})"
        with _faults(subject):
            is_empty = self._has_no_rows(relation.query)
            if is_empty and not self._plans_everything:
                self._note(name, "")
                if not relation.stored:
                    has_no_rows(relation.query, self._relies_on)
                self.connection.execute(f"CREATE TABLE {name} ({_declared(relation.columns)})")
                self._made[relation.name] = _Made("TABLE", is_empty=True)
                return 0 if relation.stored else None
            if not relation.stored:
                self.connection.execute(f"CREATE VIEW {name} AS {self._note(name, self._sql(relation.query, subject))}")
                self._made[relation.name] = _Made("VIEW")
                self._check(relation)
                return None
            text = self._note(name, self._sql(relation.query, subject))
            found = self.connection.execute(f"CREATE TABLE {name} AS {text}").fetchone()
        count = int(found[0]) if found else 0
        self._refuse_any(count, is_empty, relation.name)
        self._made[relation.name] = _Made("TABLE", is_empty=not count)
        self._check(relation)
        return count

    @property
    def sql_digest(self) -> str:
        """The SHA-256 of every relation's name and SQL so far, in order, those of branches among them."""
        return self._ran.hexdigest()

    def _note(self, name: str, text: str) -> str:
        """Have a relation's SQL counted in the digest; the text as it is."""
        self._ran.update(f"{len(name)}:{name}{len(text)}:{text}".encode())
        return text

    def is_bare(self, name: str) -> bool:
        """Whether a relation certainly has no rows; never, where everything is to be planned."""
        return not self._plans_everything and self._is_empty(exp.Table(this=exp.to_identifier(name)))

    def view(self, name: str, query: exp.Query, *, is_bare: bool = False) -> None:
        """Make rows that lie outside (files) readable under a name; their types are those of the query.

        `is_bare` says that there are none, where whoever wrote the files has counted.
        """
        with _faults(f"relation {name}"):
            self.connection.execute(
                f"CREATE VIEW {_quoted(name)} AS {self._sql(query, f'relation {name}', self._files)}"
            )
        self._made[name] = _Made("VIEW", is_empty=is_bare or self._has_no_rows(query))

    def copy_to_parquet(self, query: exp.Query, path: Path) -> int:
        """Write the rows of a query, in its order, to a Parquet file that must not exist; the number of rows."""
        target = exp.Literal.string(str(path)).sql(dialect="duckdb")
        with _faults(f"file {path.name}"):
            rows = self._sql(query, f"file {path.name}", self._files)
            [(count,)] = self.connection.execute(f"COPY ({rows}) TO {target}").fetchall()
        return int(count)

    def append(self, name: str, columns: Sequence[tuple[str, str]], rows: Iterable[Row]) -> None:
        """Make rows computed outside available under a name; added to the rows that are there already."""
        target = _quoted(name)
        names = [column for column, _ in columns]
        types = [_arrow_type(storage) for _, storage in columns]
        remaining = iter(rows)
        with _faults(f"rows of {name}"):
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {target} ({_declared(columns)})")
            self._made.setdefault(name, _Made("TABLE", is_empty=True))
            while batch := list(islice(remaining, _BATCH)):
                self._has_rows_now(name)
                # A pass for each column takes a quarter of the time that zip(*batch) takes on as many rows.
                arrays = [pyarrow.array(list(map(itemgetter(at), batch)), kind) for at, kind in enumerate(types)]
                self.connection.register("appended rows", pyarrow.Table.from_arrays(arrays, names=names))
                self.connection.execute(f'INSERT INTO {target} SELECT * FROM "appended rows"')
                self.connection.unregister("appended rows")

    def extend(self, name: str, query: exp.Query) -> None:
        """Add the rows of a query to a stored relation of the same columns."""
        if self._has_no_rows(query) and not self._plans_everything:
            return
        with _faults(f"rows of {name}"):
            self.connection.execute(f"INSERT INTO {_quoted(name)} {self._sql(query, f'rows of {name}')}")
        self._has_rows_now(name)

    def rows(self, query: exp.Query) -> list[Row]:
        """All rows of a query, in its order."""
        is_empty = self._has_no_rows(query)
        if is_empty and not self._plans_everything:
            return []
        with _faults(_ASKED):
            found = self.connection.execute(self._sql(query, _ASKED, self._files)).fetchall()
        self._refuse_any(len(found), is_empty, _ASKED)
        return found

    def types(self, query: exp.Query) -> tuple[tuple[str, str], ...]:
        """Names and types of a query's columns, as the database sees them."""
        with _faults(_ASKED):
            found = self.connection.execute(f"DESCRIBE {self._sql(query, _ASKED, self._files)}").fetchall()
        return tuple((str(row[0]), str(row[1])) for row in found)

    def stream(self, query: exp.Query, size: int = _BATCH) -> Iterator[list[Row]]:
        """The rows of a query in its order, in batches of `size`; other queries may run meanwhile."""
        if self._has_no_rows(query) and not self._plans_everything:
            return
        with _faults(_ASKED):
            cursor = self._cursor(self.connection)
            try:
                cursor.execute(self._sql(query, _ASKED, self._files))
                while batch := cursor.fetchmany(size):
                    yield batch
            finally:
                cursor.close()

    def drop(self, name: str) -> None:
        """Forget a relation, whether table or view; InternalError where there is none."""
        made = self._made.pop(name, None)
        if made is None:
            raise InternalError(f"relation {name} cannot be dropped: it was not made here")
        self.connection.execute(f"DROP {made.kind} {_quoted(name)}")

    def describe(self, name: str) -> tuple[tuple[str, str], ...]:
        """Names and types of a relation's columns, as the database sees them."""
        with _faults(f"relation {name}"):
            found = self.connection.table(_quoted(name))
        return tuple(zip(found.columns, map(str, found.types), strict=True))

    def sql_text(self, relation: Relation) -> str:
        """The relation's query as a person reads it, with its grain and origin as comments."""
        head = f"-- {relation.name}: one row per {', '.join(relation.grain) or 'run'}\n-- {relation.origin}\n"
        return head + relation.query.sql(dialect="duckdb", pretty=True)

    def _has_no_rows(self, query: exp.Query) -> bool:
        return has_no_rows(query, self._is_empty)

    @staticmethod
    def _refuse_any(count: int, is_empty: bool, name: str) -> None:
        if is_empty and count:
            raise InternalError(f"{name} was held to be empty and has {count:,} rows")

    def _maker(self, named: exp.Table) -> DuckDBExecutor | None:
        """Who made the relation that a query of this executor means, as far as it is known."""
        if named.db in ("", self.namespace) and named.name in self._made:
            return self
        return None if self._above is None else self._above._maker(named)

    def _knows(self, named: exp.Table) -> bool:
        """Whether a relation was made here, above, or in the executor whose namespace a query says."""
        if self._maker(named) is not None:
            return True
        return bool(named.db) and any(one.namespace == named.db and named.name in one._made for one in self._family())

    def _family(self) -> Iterator[DuckDBExecutor]:
        """The executors of this database."""
        first = self
        while first._above is not None:
            first = first._above
        waiting = [first]
        while waiting:
            one = waiting.pop()
            waiting += one._branches
            yield one

    def _is_empty(self, named: exp.Table) -> bool:
        maker = self._maker(named)
        return maker is not None and maker._made[named.name].is_empty

    def _relies_on(self, named: exp.Table) -> bool:
        """As `_is_empty`; a relation that a view was found empty by may get no rows any more."""
        maker = self._maker(named)
        if maker is None or not maker._made[named.name].is_empty:
            return False
        maker._relied_on.add(named.name)
        return True

    def _has_rows_now(self, name: str) -> None:
        if name in self._relied_on:
            raise InternalError(f"relation {name} gets rows after a view of it was found empty")
        self._made[name] = _Made("TABLE")

    def _sql(self, query: exp.Query, subject: str, files: frozenset[str] = frozenset()) -> str:
        """The text of a query, made once: relations never change after construction.

        InternalError, naming the subject, for a query of what relations may not be built of.
        """
        held = self._text.get(id(query))
        if held is None or held[0] is not query:
            try:
                held = (query, self._writer.text(query, files))
            except InternalError as error:
                raise InternalError(f"{subject}: {error}") from error
            if self._guarded:
                self._guard(held[1], subject, files)
            self._text[id(query)] = held
        return held[1]

    def _guard(self, text: str, subject: str, files: frozenset[str]) -> None:
        try:
            guard(self.connection, text, self._has, files)
        except InternalError as error:
            raise InternalError(f"{subject}: {error}") from error

    def _has(self, schema: str, name: str) -> bool:
        return self._knows(exp.Table(this=exp.to_identifier(name), db=exp.to_identifier(schema) if schema else None))

    def _check(self, relation: Relation) -> None:
        """Raise InternalError where declared and actual types differ or a type is inexact."""
        actual = self.describe(relation.name)
        for (name, storage), (found_name, found) in zip(relation.columns, actual, strict=True):
            if name != found_name:
                raise InternalError(f"relation {relation.name} declares column {name}, the database has {found_name}")
            if _INEXACT.search(found):
                raise InternalError(f"column {name} of relation {relation.name} is {found}, which is not exact")
            if _normal(storage) != _normal(found):
                raise InternalError(f"column {name} of relation {relation.name} is {found}, declared as {storage}")


@dataclass(frozen=True, slots=True)
class _Made:
    """What a relation is to the database, and whether it certainly has no rows."""

    kind: str
    is_empty: bool = False


def _declared(columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{_quoted(name)} {storage}" for name, storage in columns)


@cache
def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _normal(storage: str) -> str:
    return storage.replace(" ", "").upper()


def _arrow_type(storage: str) -> pyarrow.DataType:
    """The Arrow type of a storage type; InternalError for one that rows cannot be given in."""
    decimal = _DECIMAL.fullmatch(storage)
    if decimal:
        return pyarrow.decimal128(int(decimal[1]), int(decimal[2]))
    if storage not in _ARROW_TYPES:
        raise InternalError(f"rows cannot be given as {storage}")
    return _ARROW_TYPES[storage]


@contextmanager
def _faults(subject: str) -> Iterator[None]:
    """Say what was computed when the database failed, and whose fault it is."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise ResourceError(
            f"memory ran out while computing {subject}; give the run more memory or a temporary folder on a larger disk"
        ) from error
    except (duckdb.IOException, duckdb.FatalException) as error:
        first = str(error).splitlines()[0]
        raise ResourceError(f"the disk failed while computing {subject}: {first}; free space and run again") from error
    except duckdb.Error as error:
        raise InternalError(f"the database refused {subject}: {without_values(str(error))}") from error
