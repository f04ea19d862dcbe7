"""Books of a ruleset: which one posts, which are kept beside it or on top of one, and what differs between them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model.checks.reading import graph, owner_of, reachable, values_of
from engine.model.expression import ComparisonOf, ItemOf, KeyOf, LedgerBalance, Literal
from engine.model.ruleset import Book, Control, Journal, Layers, Report, Ruleset
from engine.model.walk import walk

BOOK = "book"
"""The key that every result has and nobody writes."""


def posting_book(ruleset: Ruleset) -> str:
    """The name of the book that posts; '' where the text declares none."""
    return next((one.name for one in ruleset.books.values() if one.posts and not one.on_top_of), "")


def other_books(ruleset: Ruleset) -> tuple[Book, ...]:
    """The books beside the one that posts, in order of the text; what lies on top comes after what it lies on."""
    posting = posting_book(ruleset)
    waiting = [one for one in ruleset.books.values() if one.name != posting]
    placed: list[Book] = []
    known = {"", posting}
    while ready := [one for one in waiting if one.on_top_of in known]:
        placed += ready
        known |= {one.name for one in ready}
        waiting = [one for one in waiting if one not in placed]
    return tuple(placed)


def book_of(journal: Journal) -> str:
    """The one book a journal's `when` names, or ''."""
    for test in journal.when.tests if journal.when and journal.when.joined != "or" else ():
        names_book = isinstance(test, ComparisonOf) and isinstance(test.left, KeyOf) and test.left.name == BOOK
        if names_book and isinstance(test, ComparisonOf) and test.operator == "is" and isinstance(test.right, Literal):
            return str(test.right.value)
    return ""


def runs_in(ruleset: Ruleset, journal: Journal, name: str) -> bool:
    """Whether a journal runs in a book: one on top holds only what is written for it."""
    book = ruleset.books.get(name)
    return book_of(journal) in ((name,) if book is not None and book.on_top_of else ("", name))


def differs_by_book(ruleset: Ruleset, nodes: object) -> bool:
    """Whether something asks which book it is worked out for, itself or through what it reads."""
    return any(isinstance(one, KeyOf) and one.name == BOOK for one in _all_read(ruleset, nodes))


def books_compared(ruleset: Ruleset, item: Control | Report | Journal) -> frozenset[str]:
    """The books whose balances an item reads by name, itself or through what it reads."""
    return frozenset(one.book for one in _all_read(ruleset, item) if isinstance(one, LedgerBalance) and one.book)


def speaks_of_books(ruleset: Ruleset, wanted: frozenset[str] | None) -> bool:
    """Whether books beside the posting one must be run for what is wanted (None: everything); `book` among it wants
    them all."""
    if not other_books(ruleset) or wanted is None or BOOK in wanted:
        return bool(other_books(ruleset))
    items: tuple[Control | Report, ...] = (*ruleset.controls.values(), *ruleset.reports.values())
    return any(books_compared(ruleset, one) for one in items if one.name in wanted)


def units_differ(ruleset: Ruleset, layers: Layers) -> bool:
    """Whether books may differ in which units an event moves: in what is ignored, named, or dearest.

    Transfers open layers with what others carry while units are placed, so with them a difference in values is one too.
    """
    read: tuple[object, ...] = (layers.ignores, layers.leave_by)
    by_value = layers.order == "dearest" or bool(layers.transfer_kinds)
    return differs_by_book(ruleset, read) or (by_value and values_differ(ruleset, layers))


def values_differ(ruleset: Ruleset, layers: Layers) -> bool:
    """Whether books may differ in what units carry."""
    values = values_of(ruleset)
    carried = tuple(values[name] for name in layers.carried if name in values)
    return differs_by_book(ruleset, (carried, layers.changes))


def _all_read(ruleset: Ruleset, nodes: object) -> Iterator[object]:
    """Every part of some nodes, and of the values they read."""
    values, read = values_of(ruleset), graph(ruleset)
    own = list(walk(nodes))
    yield from own
    names = {owner_of(ruleset, one.item) for one in own if isinstance(one, ItemOf)}
    through = {found for name in names for found in reachable(read, name)}
    for name in sorted(through & values.keys()):
        yield from walk(values[name])
