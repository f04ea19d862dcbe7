"""Checking books: quickly whenever they are opened, and thoroughly on request.

The thorough check reads every byte: each file against its SHA-256, each row of the ledger against the event it was
written with, each event against the one before, and the last against the head.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from adapters.books import anchor, chain, durable, schema
from adapters.books.anchor import Anchor
from adapters.books.chain import Head
from adapters.books.entries import FileEntry
from adapters.books.errors import BooksCorrupted, BooksError
from adapters.books.layout import Layout, publication_name
from adapters.books.ledger import Ledger

Check = Callable[[Layout, Ledger], Iterable[str]]
"""Finds what is wrong with one side of the books."""


def check_files(layout: Layout, ledger: Ledger) -> None:
    """BooksCorrupted naming the first file that is missing or has another size than recorded."""
    for file in ledger.files():
        problem = _misfit(layout, file)
        if problem:
            raise BooksCorrupted(problem)


def check_bytes(layout: Layout, ledger: Ledger) -> None:
    """BooksCorrupted naming the first file that is not, byte for byte, what was published."""
    for problem in _file_problems(layout, ledger):
        raise BooksCorrupted(problem)


def sweep(layout: Layout, ledger: Ledger) -> None:
    """Remove what interrupted publications left; only the writer may.

    BooksCorrupted, before anything is removed, if there are files of later publications than the ledger knows: then
    not the files are left over, but an older ledger was put in place or its write-ahead log was lost.
    """
    named = {(file.home, file.seq) for file in ledger.files()}
    left = [one for one in layout.published() if one not in named]
    next_number = ledger.head().seq + 1
    for home, number in left:
        if number > next_number:
            raise BooksCorrupted(
                f"{layout.ledger} knows nothing of {home}/{publication_name(number)}, so an older ledger was put back"
                " or its write-ahead log was lost; restore the whole books folder from one backup"
            )
    for home, number in left:
        durable.remove(layout.home(home) / publication_name(number))
    for path in sorted(layout.staging.iterdir()):
        durable.remove(path)


def problems(layout: Layout, ledger: Ledger, heads: Anchor, upto: int | None = None) -> list[str]:
    """Everything that is wrong with the books, one sentence each; empty if nothing is."""
    return _found(layout, ledger, (*_OWN, lambda _, ledger: anchor.problems(heads, ledger, upto)))


def own_problems(layout: Layout, ledger: Ledger) -> list[str]:
    """What is wrong with the books in themselves, whatever the heads outside them know."""
    return _found(layout, ledger, _OWN)


def ledger_problems(layout: Layout, ledger: Ledger, heads: Anchor, *more: Check) -> list[str]:
    """What is wrong with the ledger and its heads alone, whatever the files are, and what more checks find."""
    own = (check for check in _OWN if check is not _file_problems)
    return _found(layout, ledger, (*own, *more, lambda _, ledger: anchor.problems(heads, ledger, None)))


def _found(layout: Layout, ledger: Ledger, checks: Iterable[Check]) -> list[str]:
    found: list[str] = []
    for check in checks:
        try:
            found += check(layout, ledger)
        except BooksError as error:
            found.append(str(error))
        except (ValueError, TypeError, KeyError):
            found.append(f"{layout.ledger} holds a row that tieout did not write; restore the books from a backup")
    return list(dict.fromkeys(found))


def _database_problems(layout: Layout, ledger: Ledger) -> list[str]:
    # SQLite answers in several lines what is one problem.
    said = (" ".join(row[0].split()) for row in ledger.rows("PRAGMA integrity_check"))
    found = [f"{layout.ledger}: {one}" for one in said if one != "ok"]
    orphans = ledger.rows("PRAGMA foreign_key_check")
    return [*found, *(f"{layout.ledger}: {row[0]} refers to a missing {row[2]}" for row in orphans)]


def _schema_problems(layout: Layout, ledger: Ledger) -> list[str]:
    """Tables and triggers beside those of this version would show, or do, something else than tieout wrote."""
    stated = {row[0] for row in ledger.rows("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")}
    same = stated == set(schema.statements())
    return [] if same else [f"{layout.ledger}: its tables, indexes or triggers were changed"]


def _chain_problems(layout: Layout, ledger: Ledger) -> list[str]:
    found = []
    head = ledger.genesis()
    for event in ledger.audit_events():
        if (event.seq, event.prev_hash) != (head.seq + 1, head.hash):
            found.append(f"{layout.ledger}: publication {event.seq} does not follow publication {head.seq}")
        expected = chain.next_event(
            Head(event.seq - 1, "", event.prev_hash), event.at, event.actor, event.action, event.subject, event.content
        )
        if expected.hash != event.hash:
            found.append(f"{layout.ledger}: the event of publication {event.seq} was changed")
        if ledger.content_digest(event.seq) != event.content:
            found.append(f"{layout.ledger}: rows of publication {event.seq} were changed")
        head = Head(event.seq, event.prev_hash, event.hash)
    if ledger.head() != head:
        found.append(f"{layout.ledger}: the head is not at publication {head.seq}, the last one")
    return found


def _ruleset_problems(layout: Layout, ledger: Ledger) -> list[str]:
    return [
        f"{layout.ledger}: the texts of ruleset {ruleset} were changed"
        for ruleset in ledger.rulesets()
        if chain.ruleset_hash(ledger.ruleset_texts(ruleset)) != ruleset
    ]


def _file_problems(layout: Layout, ledger: Ledger) -> Iterator[str]:
    for file in ledger.files():
        problem = _misfit(layout, file) or _changed(layout, file)
        if problem:
            yield problem


def _changed(layout: Layout, file: FileEntry) -> str:
    path = layout.folder / file.path
    try:
        is_changed = durable.sha256_file(path) != file.sha256
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}); check the disk, and restore the file from a backup"
    return f"{path} was changed; restore it from a backup" if is_changed else ""


_OWN: tuple[Check, ...] = (
    _database_problems, _schema_problems, _chain_problems, _ruleset_problems, _file_problems,
)  # fmt: skip


def _misfit(layout: Layout, file: FileEntry) -> str:
    path = layout.folder / file.path
    if path.is_symlink() or path.parent.is_symlink():
        return f"{path} is a link, not the file that was published; restore it from a backup"
    if not path.is_file():
        return f"{path} is missing; restore it from a backup"
    size = path.stat().st_size
    if size != file.size:
        return f"{path} has {size} bytes instead of {file.size}; restore it from a backup"
    return ""
