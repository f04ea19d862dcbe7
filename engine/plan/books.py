"""Books beside the one that posts: each a world of its own, with all that does not differ taken over from another.

What a book makes lies in a branch of the executor. In the hand-over and in what a run publishes its relations are
called `book NAME RELATION`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from sqlglot import exp

from engine.model.books import BOOK
from engine.model.ruleset import Book
from engine.plan.posting.balances import DIMENSIONS, measures
from engine.plan.posting.corrections import POSTED_LATE, RESULTS
from engine.plan.posting.differences import DIFFERENCES, POSTED, RECOMPUTED
from engine.plan.posting.reversals import HANDED as REVERSED
from engine.plan.relation import Origin, Relation, column, table
from engine.plan.units.stock import union_all
from engine.plan.world import RunStopped, World

Held = TypeVar("Held")
BALANCE = "handed balance"
"""What every book hands over, whatever else it shares."""

_OF_EACH_BOOK = ("ledger line", "entry ", BALANCE, REVERSED, DIFFERENCES)
"""Relations that every book has for itself, by how their names begin."""


def book_relation(book: str, name: str) -> str:
    """What a relation of a book is called among those of a run."""
    return f"{BOOK} {book} {name}"


def relations_of_book(names: Iterator[str], book: str) -> dict[str, str]:
    """Those of some relations that belong to a book: its own name for each, and what it is called there."""
    prefix = book_relation(book, "")
    return {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}


def in_its_book(name: str) -> tuple[str, str]:
    """What stands before a relation's name among those of a run ('' in the book that posts), and its own name."""
    words = name.split(" ")
    cut = 2 if words[0] == BOOK else 0
    return "".join(f"{one} " for one in words[:cut]), " ".join(words[cut:])


def is_handed(name: str) -> bool:
    """Whether a relation of a run is part of its hand-over, of whichever book."""
    return in_its_book(name)[1].startswith("handed ")


def goes_on_from_what_was_posted(name: str) -> bool:
    """Whether a relation of a hand-over tells what was posted, not what is held: a replay of closed periods has no say
    in it."""
    return in_its_book(name)[1] in (BALANCE, RESULTS, POSTED_LATE)


def as_in_book(held: Mapping[str, Held], book: str) -> dict[str, Held]:
    """What is held of a run's relations as a book sees it ('': the one that posts): its own in place of those of the
    posting book, and those it shares."""
    shared = {name: one for name, one in held.items() if not name.startswith(f"{BOOK} ")}
    own = relations_of_book(iter(held), book) if book else {}
    if own:
        shared = {name: one for name, one in shared.items() if not name.startswith(_OF_EACH_BOOK)}
    return {**shared, **{name: held[outside] for name, outside in own.items()}}


def begin_book(world: World, book: Book, taken: Mapping[str, Relation]) -> World:
    """The world of another book, begun from one that has made `taken`, with what the book itself was handed.

    RunStopped where the period before was closed for good without the book: what it held is not known.
    """
    handed = relations_of_book(iter(world.given), book.name)
    rule = Origin(f"book {book.name}", book.span)
    if world.follows and not book.on_top_of and BALANCE not in handed:
        before = world.calendar.previous(world.period).name
        message = (
            f"book {book.name} was not kept in {before}, so what it held is not known; begin new books with it, or "
            f"leave it out"
        )
        raise RunStopped("T431", message, (rule.rule,))
    executor = world.executor.branch(book_relation(book.name, "").strip())
    shared = {name: one for name, one in taken.items() if not name.startswith("handed ")}
    begun = World(
        world.ruleset, world.calendar, world.period, executor, world.strict,
        given=(world.given - {BALANCE, REVERSED, POSTED, RECOMPUTED}) | handed.keys(), follows=world.follows,
        relations=dict(shared), current=dict(world.current), closed=dict(world.closed), corrected=world.corrected,
        few=world.few, wanted=world.wanted, book=book.name, taken=shared, books=world.books,
    )  # fmt: skip
    world.books[book.name] = begun
    for name, outside in handed.items():
        columns = world.executor.describe(outside)
        rows = exp.select(*(column(one) for one, _ in columns)).from_(table(outside))
        begun.add(Relation(name, (), columns, rows, rule, stored=False))
    if book.on_top_of:
        _begin_on_top(begun, world, rule)
    return begun


def take_over(begun: World, base: World, names: Iterable[str]) -> None:
    """Share with a book what the one it was begun from made of some names since."""
    found = {name: base.relation(name) for name in names if base.has(name)}
    begun.relations |= found
    begun.taken = {**begun.taken, **found}


def _begin_on_top(begun: World, base: World, rule: Origin) -> None:
    """The balances of a book on top of another: that one's as they stand, and what was posted here before."""
    if not base.balances:
        return
    made = base.relation(base.balances)
    names = [column(one) for one in ("role", *DIMENSIONS, "currency", *measures(base))]
    parts: list[exp.Query] = [exp.select(*names).from_(table(made.name, namespace=base.executor.namespace))]
    if BALANCE in begun.given:
        parts.append(exp.select(*(one.copy() for one in names)).from_(table(BALANCE)))
    begun.balances = f"balance of {base.book} and before"
    begun.add(Relation(begun.balances, (), made.columns, union_all(parts), rule, stored=False))


def was_handed(world: World, book: Book, name: str) -> bool:
    """Whether a book was handed a relation of its own."""
    return book_relation(book.name, name) in world.given


def of_book(world: World, queries: Mapping[str, exp.Query]) -> dict[str, exp.Query]:
    """Queries over a book's relations, to be asked from outside, by what they are called there; those over nothing of
    its own are left out, as another book has the same."""
    found: dict[str, exp.Query] = {}
    for name, query in queries.items():
        outside = query.copy()
        own = [one for one in outside.find_all(exp.Table) if not one.db and world.is_own(one.name)]
        for one in own:
            one.set("db", exp.to_identifier(world.executor.namespace, quoted=True))
        if own:
            found[book_relation(world.book, name)] = outside
    return found
