"""The hash chain behind the head: what exactly is hashed, and how.

Values are encoded with their type and length, so no two different rows have one encoding. Leaves and links carry the
prefixes of RFC 6962, so neither can pass for the other. What a publication wrote is hashed row by row, table by table,
and that digest stands in its event: whoever edits a row of the ledger, or a file it names, breaks the chain.
A later version of the store adds tables, never columns to these, so old digests stay what they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TYPE_TAGS = {type(None): b"n", int: b"i", str: b"t"}

Value = None | int | str
"""What a column of the ledger holds; amounts are decimal text, times are ISO text in UTC, nothing is floating."""


@dataclass(frozen=True, slots=True)
class Head:
    """The state of the books as one value: publications so far, the hash before the last one, and the hash now."""

    seq: int
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One publication in the chain.

    `at` is UTC; `action` is the kind of publication, `subject` what it was about; `content` is the digest of every row
    written with it.
    """

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    content: str
    prev_hash: str
    hash: str


def encode(values: Iterable[Value]) -> bytes:
    """Values as typed, length-prefixed bytes; TypeError for any other type."""
    parts = []
    for value in values:
        content = b"" if value is None else str(value).encode()
        parts.append(_TYPE_TAGS[type(value)] + len(content).to_bytes(8, "big") + content)
    return b"".join(parts)


def leaf(values: Iterable[Value]) -> str:
    """The hash of one record of values."""
    return hashlib.sha256(b"\x00" + encode(values)).hexdigest()


def link(prev_hash: str, leaf_hash: str) -> str:
    """The hash of a chain that grew by one leaf."""
    return hashlib.sha256(b"\x01" + bytes.fromhex(prev_hash) + bytes.fromhex(leaf_hash)).hexdigest()


def genesis(store_version: int, books: str, created_at: str) -> Head:
    """The head of books in which nothing has been published; `books` is their random identity."""
    start = leaf(["tieout books", store_version, books, created_at])
    return Head(0, start, start)


def next_event(head: Head, at: str, actor: str, action: str, subject: str, content: str) -> AuditEvent:
    """The event that follows a head."""
    seq = head.seq + 1
    link_hash = link(head.hash, leaf([seq, at, actor, action, subject, content]))
    return AuditEvent(seq, at, actor, action, subject, content, head.hash, link_hash)


def content_digest(tables: Mapping[str, Iterable[tuple[Value, ...]]]) -> str:
    """The digest of rows by table, in the order given; a table without rows leaves no trace."""
    digest = hashlib.sha256()
    for table, rows in tables.items():
        for row in rows:
            digest.update(bytes.fromhex(leaf([table, *row])))
    return digest.hexdigest()


def ruleset_hash(texts: Mapping[str, str]) -> str:
    """The identity of a ruleset: the hash of its texts by name, whatever order they come in."""
    return leaf(part for name in sorted(texts) for part in (name, texts[name]))
