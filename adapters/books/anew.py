"""Vouching for books whose file of heads was lost: the heads are written anew from the chain, and who did so is kept.

What the lost file knew is gone with it: that these are the newest books is then the word of whoever vouches, and a
printed head can still contradict it. The new file takes the place of the lost one only once the act is in the books.
"""

from __future__ import annotations

import os
from pathlib import Path

from adapters.books import anchor, durable, moving, verify
from adapters.books.anchor import Anchor, anchor_of
from adapters.books.chain import Head
from adapters.books.errors import BooksCorrupted, BooksError, BooksMissing, NotAllowed
from adapters.books.identity import who_acts
from adapters.books.layout import Layout, refuse_links
from adapters.books.ledger import Ledger
from adapters.books.lock import WriterLock
from adapters.books.publication import Clock
from adapters.books.store import Books, utc_now
from engine.governance.acts import AnchoredAnew


def anchor_anew(folder: Path, comment: str, clock: Clock = utc_now, actor: str | None = None) -> Head:
    """Write the heads of sound books anew, with the act in the books, and answer the head they have then.

    BooksError where the heads are there, or no reason is given; BooksCorrupted where the books are not whole;
    NotAllowed, which is recorded, for whoever is no administrator of books that name people.
    """
    layout = Layout(folder.resolve())
    heads = anchor_of(layout.folder)
    if not comment.strip():
        raise BooksError("say in the comment how the heads were lost, and how you know that these are the newest books")
    moving.finish(layout.folder)
    if heads.path.exists():
        raise BooksError(f"{heads.path} is there; move it away first if it is not that of these books")
    if not os.path.lexists(layout.ledger):
        raise BooksMissing(f"there are no books in {layout.folder}; restore them from a backup")
    refuse_links(layout)
    lock = WriterLock(layout.lock, clock())
    try:
        ledger = Ledger(layout.ledger, write=True)
        try:
            return _anchored(layout, ledger, lock, heads, comment, clock, actor)
        finally:
            ledger.close()
    finally:
        lock.release()


def _anchored(
    layout: Layout, ledger: Ledger, lock: WriterLock, heads: Anchor, comment: str, clock: Clock, actor: str | None
) -> Head:
    found = verify.own_problems(layout, ledger)
    if found:
        raise BooksCorrupted(found[0])
    # The file of heads may be a link to one on another disk, which then has the new file beside it.
    target = Path(os.path.realpath(heads.path))
    made = Anchor(target.with_name(f"{target.name}.new"))
    by = who_acts(ledger.state(), ledger.books, clock(), actor)
    books = Books(layout, ledger, lock, made, clock, by)
    head = ledger.head()
    try:
        made.write((one.seq, one.hash, one.at) for one in anchor.lines_of(ledger))
        books.record("anchor", AnchoredAnew(f"{head.seq}:{head.hash}", comment))
        durable.rename(made.path, target)
    except NotAllowed as error:
        books.record_refusal(error)
        raise
    finally:
        made.path.unlink(missing_ok=True)
    return ledger.head()
