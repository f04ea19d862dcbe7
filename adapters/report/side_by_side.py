"""What each book earned, account by account, as blocks of the page of a close."""

from __future__ import annotations

from decimal import Decimal

from adapters.report.blocks import Block, Column, Sentences, Table
from adapters.wording import figure, money_places
from engine.run.results import BookResult, CloseResult


def book_blocks(result: CloseResult) -> tuple[Block, ...]:
    """Books side by side, and the way to their lines; nothing where one book is kept. Only one of them is posted."""
    if not result.books:
        return ()
    earned = [{(line.account, line.title): line.earned for line in book.earned} for book in result.books]
    accounts = sorted({key for lines in earned for key in lines})
    places = money_places(result.currency, (one for lines in earned for one in lines.values()))
    heads = (Column(f"earned, {result.currency}"), *(Column(_head(book), True) for book in result.books))
    zero = Decimal(0)
    rows = tuple(
        (f"{account} {title}", *(figure(lines.get((account, title), zero), places) for lines in earned))
        for account, title in accounts
    )
    total = ("result", *(figure(sum(lines.values(), zero), places) for lines in earned))
    others = " or ".join(f"`--book {book.name}`" for book in result.books if not book.posts)
    words = f"line by line: `tieout journal {result.period}` with {others}"
    way_in = (Sentences("", (words,)),) if result.publishable else ()
    return Table("Books side by side", heads, rows, total, "no book earned anything"), *way_in


def company_blocks(result: CloseResult) -> tuple[Block, ...]:
    """Companies beside each other, where there are several: what each posted, and what it earned in each book.

    Each is in its own currency, so nothing is added up over them.
    """
    if not result.companies:
        return ()
    figures = [
        one for each in result.companies for one in (each.debit, each.credit, *(sum_ for _, sum_ in each.earned))
    ]
    places = money_places(result.currency, figures)
    books = [f"earned, {book}" if book else "earned" for book, _ in result.companies[0].earned]
    heads = (Column("company"), *(Column(one, True) for one in ("debit", "credit", *books)))
    rows = tuple(
        (each.company, *(figure(one, places) for one in (each.debit, each.credit, *(sum_ for _, sum_ in each.earned))))
        for each in result.companies
    )
    return (Table("Companies", heads, rows),)


def _head(book: BookResult) -> str:
    return f"{book.name}, which posts" if book.posts else book.name
