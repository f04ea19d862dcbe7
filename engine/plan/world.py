"""What every part of the plan shares: the ruleset, the period being closed, and the relations made so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from dsl.diagnostics import InternalError
from engine.ledger.calendar import Calendar, Period
from engine.ledger.money import MOST_DIGITS, minor_digits
from engine.model.ruleset import Kind, Ruleset
from engine.plan.executor import Executor, Row
from engine.plan.relation import Origin, Relation, cast, column, named, table


class RunStopped(Exception):  # noqa: N818 - a stop is a result of the run, not a fault of it
    """The run cannot go on for a reason that lies in the user's material: rules named in `rules`, one row as witness.

    `code` is the diagnostic code of the finding where it has one; `message` is a whole sentence.
    """

    def __init__(self, code: str, message: str, rules: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.rules = rules


@dataclass
class World:
    """One period's run of one ruleset over an executor.

    `relations` keeps every relation made, in order, for `tieout sql`. `strict` is off in examples, where a field that
    was not given is unknown instead of an error.
    """

    ruleset: Ruleset
    calendar: Calendar
    period: Period
    executor: Executor
    strict: bool = True
    given: frozenset[str] = frozenset()
    follows: bool = False
    """Whether a hard close came before: only then is a fact of an earlier day late; else it belongs to the go-live."""
    relations: dict[str, Relation] = field(default_factory=dict)
    rows: dict[str, int | None] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    """For each kind, the relation of open facts as the last stage of adjustments left them."""
    closed: dict[str, Callable[[], Relation]] = field(default_factory=dict)
    """For each kind, what makes the relation of the facts that closed periods consumed, once something reads it."""
    corrected: set[str] = field(default_factory=set)
    """Kinds of which some fact came in a second version."""
    balances: str = ""
    """The relation of balances as posted so far; empty until the journals of events have posted."""
    sums: dict[tuple[str, int, int], str] = field(default_factory=dict)
    """For each place in the text of a sum over the parts of layers of every period, the relation that holds it."""
    few: set[str] = field(default_factory=set)
    """Kinds of so few facts that every step over them is kept, instead of being read again by each of its readers."""
    wanted: frozenset[str] | None = None
    """The items that a run is for, and whatever posts to a balance they read; None where it is for everything."""
    book: str = ""
    """The book worked on; empty where the ruleset declares none."""
    taken: Mapping[str, Relation] = field(default_factory=dict)
    """Relations that this book shares with the one it was begun from."""
    books: dict[str, World] = field(default_factory=dict)
    """The books of one run by name, shared by their worlds; each as far as it has come."""

    @property
    def digits(self) -> int:
        """Digits behind the point of posted money: those of the reporting currency, or of any where there are rates."""
        return MOST_DIGITS if self.converts else minor_digits(self.ruleset.head.currency)

    @property
    def converts(self) -> bool:
        """Whether the ruleset has rates: then money may be in any currency, and is booked in its company's."""
        return bool(self.ruleset.rates)

    @property
    def half(self) -> str:
        """The head's rounding: half-up or half-even."""
        return self.ruleset.head.rounding or "half-up"

    def add(self, relation: Relation) -> Relation:
        """Make a relation in the executor and remember it; a name may be made once."""
        if relation.name in self.relations:
            raise InternalError(f"relation {relation.name} was made twice")
        self.rows[relation.name] = self.executor.create(relation)
        self.relations[relation.name] = relation
        return relation

    def note(self, relation: Relation) -> Relation:
        """Remember a relation whose rows are in the executor already."""
        self.relations[relation.name] = relation
        return relation

    def facts(self, kind: str) -> str:
        """The relation of a kind's open facts, dated up to the period's end, as adjusted so far."""
        return self.current.get(kind, kind)

    def with_facts(self, kinds: Iterable[Kind]) -> list[Kind]:
        """Those of some kinds that have facts this period, as far as that is known; the first where none has, so that a
        query over them has something to read."""
        listed = list(kinds)
        return [one for one in listed if not self.executor.is_bare(self.facts(one.name))] or listed[:1]

    def known(self, kind: str) -> str:
        """The relation of everything known of a kind: open facts as adjusted so far and those of closed periods."""
        if kind not in self.closed:
            return self.facts(kind)
        name, closed = f"{self.facts(kind)} known", f"{kind} closed"
        if not self.has(closed):
            self.add(self.closed[kind]())
        if not self.has(name):
            made = self.relation(self.facts(kind))
            both = [
                exp.select(*(column(one) for one in made.column_names)).from_(table(of)) for of in (made.name, closed)
            ]
            query = exp.union(*both, distinct=False)
            self.add(Relation(name, made.grain, made.columns, query, made.origin, stored=False))
        return name

    def has(self, name: str) -> bool:
        """Whether a relation of that name was made."""
        return name in self.relations

    def is_own(self, name: str) -> bool:
        """Whether a relation was made for this book, and not taken from the one it was begun from."""
        return name in self.relations and self.relations[name] is not self.taken.get(name)

    def executor_has(self, name: str) -> bool:
        """Whether rows of that name were handed to this run from outside (inputs and hand-over)."""
        return name in self.given

    def relation(self, name: str) -> Relation:
        """A relation by name; InternalError where it was not made."""
        if name not in self.relations:
            raise InternalError(f"relation {name} is read before it is made")
        return self.relations[name]

    def count(self, query: exp.Query) -> int:
        """How many rows a query has."""
        counted = exp.select(named(exp.Count(this=exp.Star()), "count")).from_(query.subquery("counted"))
        return int(str(self.executor.rows(counted)[0][0]))

    def is_empty(self, name: str) -> bool:
        """Whether a relation has no row."""
        return not self.executor.rows(exp.select(exp.Literal.number("1")).from_(table(name)).limit(1))

    def first_rows(self, name: str, columns: Sequence[str], limit: int = 5) -> list[Row]:
        """A few rows of a relation in the order of the columns asked for."""
        chosen = [column(one) for one in columns]
        return self.executor.rows(exp.select(*chosen).from_(table(name)).order_by(*chosen).limit(limit))


def date_literal(day: date) -> exp.Expr:
    """A date as SQL."""
    return cast(exp.Literal.string(day.isoformat()), "DATE")


def text_literal(text: str) -> exp.Expr:
    """A text as SQL."""
    return exp.Literal.string(text)


def empty(storage: str) -> exp.Expr:
    """NULL of a storage type."""
    return cast(exp.Null(), storage)


def origin(rule: str) -> Origin:
    """The origin of a relation that no rule of the text names."""
    return Origin(rule)
