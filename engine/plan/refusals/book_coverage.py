"""What of books does not run in this version; part of engine.plan.refusals.coverage."""

from __future__ import annotations

from engine.model.books import BOOK, book_of, books_compared, differs_by_book, other_books, posting_book
from engine.model.expression import ComparisonOf, KeyOf, LedgerBalance, Literal
from engine.model.ruleset import Book, Control, Journal, Ruleset
from engine.model.walk import tests_under, walk
from engine.plan.refusals.refusing import Refusals


def book_refusals(ruleset: Ruleset, found: Refusals) -> None:
    """Books, and rules that speak of books, where this version keeps none."""
    posting = posting_book(ruleset)
    for book in ruleset.books.values():
        _book(ruleset, book, posting, found)
    if not posting:
        return
    for item in (*ruleset.reconciliations.values(), *ruleset.adjustments.values()):
        if differs_by_book(ruleset, item):
            words = f"`{item.name}`, which differs by book: facts and stock are those of every book"
            found.add(item.span, words, "ask for the book in `layers`, decisions and journals")
    for table in ruleset.tables.values():
        if table.grain.rows and table.grain.rows[0] in ruleset.reconciliations and differs_by_book(ruleset, table):
            words = f"`{table.name}`, which differs by book: stock is reconciled once, for every book"
            found.add(table.span, words, "ask for the book in `layers`, decisions and journals")
    for control in ruleset.controls.values():
        _control(control, posting, found)
    for journal in ruleset.journals.values():
        _journal(ruleset, journal, found)


def _book(ruleset: Ruleset, book: Book, posting: str, found: Refusals) -> None:
    if book.name != posting and book.posts:
        on_top = f" on top of {book.on_top_of}" if book.on_top_of else ""
        words = f"`book {book.name}{on_top}`, which posts: one book posts, and it stands alone"
        found.add(book.span, words, "add `never posts`")
    elif not posting:
        found.add(book.span, f"`book {book.name}`: no book posts", "let one book post: `book NAME posts`")
    elif book.name != posting and book not in other_books(ruleset):
        found.add(book.span, f"`book {book.name}`: what it lies on lies on it", "let one of them stand alone")


def _control(control: Control, posting: str, found: Refusals) -> None:
    """Controls are held in the book that posts; they see other books by their balances."""
    for test in tests_under(control):
        asks = isinstance(test, ComparisonOf) and isinstance(test.left, KeyOf) and test.left.name == BOOK
        if asks and isinstance(test, ComparisonOf) and isinstance(test.right, Literal) and test.right.value != posting:
            words = f"`{control.name}` of book {test.right.value}: controls are held in the book that posts"
            found.add(control.span, words, f"name its balances: `balance of {test.right.value}.ROLE`")


def _journal(ruleset: Ruleset, journal: Journal, found: Refusals) -> None:
    """A journal may read its own book's balances, and one on top those it lies on; others are made beside it."""
    own = ruleset.books.get(book_of(journal))
    known = {own.name, own.on_top_of} if own is not None else set()
    for name in sorted(books_compared(ruleset, journal) - known):
        places = [one for one in walk(journal) if isinstance(one, LedgerBalance) and one.book == name]
        words = f"`{journal.name}`, which reads the balances of book {name}: books are posted one beside the other"
        found.add(places[0].span if places else journal.span, words, "compare books in a control or a report")
