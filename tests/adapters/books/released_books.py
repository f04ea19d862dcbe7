"""Books of earlier versions of the store, as released tieouts left them, and what must stay as it was in them."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

RELEASED = Path(__file__).with_name("released")
VERSIONS = (3,)
"""The earlier versions of the store that this tieout upgrades."""

CLOSED = {
    "heads": "SELECT seq, prev_hash, hash, content, at, actor, action FROM audit_event WHERE seq <= ? ORDER BY seq",
    "files": "SELECT path, sha256, size, row_count, columns FROM file WHERE seq <= ? ORDER BY path",
    "runs": "SELECT id, kind, ruleset, manifest FROM run WHERE seq <= ? ORDER BY id",
    "periods": "SELECT * FROM period_transition WHERE seq <= ? ORDER BY seq, period",
}
"""What a period was closed on, and what an auditor has on paper."""


def unpacked(version: int, place: Path) -> Path:
    """The books of a version in a folder of their own."""
    place.mkdir(parents=True)
    with tarfile.open(RELEASED / f"version-{version}.tar.xz") as archive:
        archive.extractall(place, filter="data")
    return place / "northwind" / "books"


def closed_hashes(ledger: Path, last: int) -> dict[str, list[tuple[Any, ...]]]:
    """What of a ledger must never change, up to a publication; read without the code that is tested."""
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
        return {name: connection.execute(query, (last,)).fetchall() for name, query in CLOSED.items()}
