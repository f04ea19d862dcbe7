"""The port to a database: what a run needs of one, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from sqlglot import exp

from engine.plan.relation import Relation

Row = tuple[object, ...]


class Executor(Protocol):
    """Holds named relations of one run and evaluates queries over them."""

    @property
    def namespace(self) -> str:
        """What queries of other executors say before the names of relations made here."""

    def branch(self, namespace: str) -> Executor:
        """An executor with relations of its own, which reads those made here where it has none of that name."""

    def create(self, relation: Relation) -> int | None:
        """Make a relation available under its name: rows where it is stored, None where it is a view."""

    def is_bare(self, name: str) -> bool:
        """Whether a relation certainly has no rows, so that a query need not read it."""

    def append(self, name: str, columns: Sequence[tuple[str, str]], rows: Iterable[Row]) -> None:
        """Make rows computed outside available under a name, with these columns and storage types."""

    def extend(self, name: str, query: exp.Query) -> None:
        """Add the rows of a query to a stored relation of the same columns."""

    def rows(self, query: exp.Query) -> list[Row]:
        """All rows of a query, in its order."""

    def types(self, query: exp.Query) -> tuple[tuple[str, str], ...]:
        """Names and types of a query's columns, as the database sees them."""

    def stream(self, query: exp.Query, size: int = 100_000) -> Iterator[list[Row]]:
        """The rows of a query in its order, in batches."""

    def drop(self, name: str) -> None:
        """Forget a relation."""

    def describe(self, name: str) -> tuple[tuple[str, str], ...]:
        """Names and types of a relation's columns, as the database sees them."""
