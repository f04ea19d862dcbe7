"""Ways to change books behind tieout's back, as somebody does who has a database tool, an editor or a backup.

Each takes the files of sound books and a source of chance, and changes what lies in a working folder. What knows the
format best forges: it makes the chain anew, so that only what lies outside of the books can tell.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from adapters.books import chain, schema
from adapters.books.store import Books, open_books
from tests.adapters.audit.governed import POLICY, Ticking
from tests.adapters.books.publishing import publish_load

LEDGER = "books/ledger.sqlite"
LOG = f"{LEDGER}-wal"
HEADS = "books.heads"
CHAINED = tuple(schema.CONTENT)
EVENT = ("seq", "at", "actor", "action", "subject", "content", "prev_hash", "hash")
HEAD = ("seq", "prev_hash", "hash")
BEGINNING = ("version", "books", "created_at", "first_version")
CELLS = {**schema.CONTENT, "audit_event": EVENT, "head": HEAD, "store_version": BEGINNING}
Files = Mapping[str, bytes]


@dataclass
class SoundBooks:
    """Sound books as files by path, the same with their last publication in the write-ahead log, and older states."""

    now: Files
    logged: Files
    older: list[Files] = field(default_factory=list)


@dataclass
class Place:
    """A working folder that holds some books; `put` brings it to a state, writing only what differs."""

    folder: Path
    held: dict[str, bytes] = field(default_factory=dict)

    @property
    def books(self) -> Path:
        return self.folder / "books"

    def put(self, files: Files) -> None:
        """Make the folder hold these files and no others."""
        there = files_of(self.folder)
        for path in there.keys() - files.keys():
            (self.folder / path).unlink()
        for path, content in files.items():
            if there.get(path) != content:
                self.write(path, content)

    def write(self, path: str, content: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(content)

    @contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """The ledger with no constraint in the way, and its triggers in place again when it is closed."""
        ledger = sqlite3.connect(self.folder / LEDGER, isolation_level=None)
        try:
            triggers = ledger.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            ledger.execute("BEGIN")
            for trigger, _ in triggers:
                ledger.execute(f"DROP TRIGGER {trigger}")
            ledger.execute("PRAGMA ignore_check_constraints = ON")
            yield ledger
            for _, statement in triggers:
                ledger.execute(statement)
            ledger.execute("COMMIT")
        finally:
            ledger.close()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but those that hold nothing of the books."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith("-shm") and path.name != "lock"
    }


def content_of(folder: Path) -> tuple[list[str], Files] | None:
    """All that is stored: the statements that make the ledger, in no order, and the other files; None where it cannot
    be read."""
    files = {path: content for path, content in files_of(folder).items() if not path.startswith(LEDGER)}
    ledger = sqlite3.connect(folder / LEDGER)
    try:
        return sorted(ledger.iterdump()), files
    except (sqlite3.Error, UnicodeError):
        return None
    finally:
        ledger.close()


def with_log(folder: Path) -> Files:
    """The files of books while a process that published one load still has them open: it lies in the log."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made) / "books"
        shutil.copytree(folder, work)
        shutil.copy(f"{folder}.heads", f"{work}.heads")
        with (
            open_books(work, write=True, clock=Ticking(), actor="pia", policy=POLICY) as books,
            duckdb.connect() as connection,
        ):
            _keep_log(books)
            publish_load(books, connection, "logged.csv")
            return files_of(Path(made))


def _keep_log(books: Books) -> None:
    books.ledger.connection.execute("PRAGMA wal_autocheckpoint = 0")
    books.ledger.tidy = lambda: None  # type: ignore[method-assign]


# ---- one change each -------------------------------------------------------------------------------------------------


def _rows(ledger: sqlite3.Connection, table: str) -> list[int]:
    return [row[0] for row in ledger.execute(f"SELECT rowid FROM {table}")]


def _filled(ledger: sqlite3.Connection, chance: random.Random, tables: Mapping[str, object], least: int = 1) -> str:
    return chance.choice([one for one in tables if len(_rows(ledger, one)) >= least])


def _other(value: object, chance: random.Random) -> object:
    """Another value of the same type."""
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 10, 1000))
    text = str(value or "")
    if value is None or not text:
        return chance.choice("0xz ")
    at = chance.randrange(len(text))
    return text[:at] + chance.choice([one for one in "0123456789abcdefxyz -" if one != text[at]]) + text[at + 1 :]


def edit_cell(place: Place, chance: random.Random) -> None:
    """One value of one row is another one."""
    with place.ledger() as ledger:
        table = _filled(ledger, chance, CELLS)
        row, column = chance.choice(_rows(ledger, table)), chance.choice(CELLS[table])
        [(value,)] = ledger.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,))
        ledger.execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?", (_other(value, chance), row))


def swap_rows(place: Place, chance: random.Random) -> None:
    """Two rows exchange their publications, or one of their values; where a row lies in its table is no content."""
    with place.ledger() as ledger:
        while True:
            table = _filled(ledger, chance, {**schema.CONTENT, "audit_event": EVENT}, 2)
            one, other = chance.sample(_rows(ledger, table), 2)
            column = "seq" if table == "audit_event" or chance.random() < 0.5 else chance.choice(CELLS[table])
            before = sorted(ledger.execute(f"SELECT * FROM {table}"), key=repr)
            values = [_cell(ledger, table, column, row) for row in (one, other)]
            ledger.execute("SAVEPOINT swap")
            # Where the column is the row's own number, the row that got the first is found by it.
            for value, row in ((-1, one), (values[0], other), (values[1], -1 if _is_number(table, column) else one)):
                ledger.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?", (value, row))
            if sorted(ledger.execute(f"SELECT * FROM {table}"), key=repr) != before:
                ledger.execute("RELEASE swap")
                return
            ledger.execute("ROLLBACK TO swap")


def _cell(ledger: sqlite3.Connection, table: str, column: str, row: int) -> object:
    return ledger.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()[0]


def _is_number(table: str, column: str) -> bool:
    return (table, column) in (("load", "id"), ("run", "id"), ("audit_event", "seq"))


def delete_row(place: Place, chance: random.Random) -> None:
    """A row is gone."""
    with place.ledger() as ledger:
        table = _filled(ledger, chance, CELLS)
        ledger.execute(f"DELETE FROM {table} WHERE rowid = ?", (chance.choice(_rows(ledger, table)),))


def insert_row(place: Place, chance: random.Random) -> None:
    """A row is there that nobody published: like another one, but for one value or more."""
    with place.ledger() as ledger:
        while True:
            table = _filled(ledger, chance, {**schema.CONTENT, "audit_event": EVENT})
            row = list(ledger.execute(f"SELECT * FROM {table} ORDER BY random() LIMIT 1").fetchone())
            for at in chance.sample(range(len(row)), min(len(row), chance.randint(1, 3))):
                row[at] = _other(row[at], chance)
            marks = ", ".join("?" for _ in row)
            if ledger.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row).rowcount == 1:
                return


def _flip(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ chance.randint(1, 255)]) + content[at + 1 :]


def flip_ledger(place: Place, chance: random.Random) -> None:
    """One byte of the ledger's file is another one."""
    place.write(LEDGER, _flip((place.folder / LEDGER).read_bytes(), chance))


def flip_heads(place: Place, chance: random.Random) -> None:
    """One byte of the file of heads is another one."""
    place.write(HEADS, _flip((place.folder / HEADS).read_bytes(), chance))


def _parquet(place: Place) -> list[str]:
    return sorted(path.relative_to(place.folder).as_posix() for path in place.books.rglob("*.parquet"))


def flip_parquet(place: Place, chance: random.Random) -> None:
    """One byte of a file of rows is another one."""
    path = chance.choice(_parquet(place))
    place.write(path, _flip((place.folder / path).read_bytes(), chance))


def swap_parquet(place: Place, chance: random.Random) -> None:
    """Two files of rows, of two publications or of one, stand in each other's place."""
    contents = {path: (place.folder / path).read_bytes() for path in _parquet(place)}
    one = chance.choice(sorted(contents))
    other = chance.choice([path for path in sorted(contents) if contents[path] != contents[one]])
    place.write(one, contents[other])
    place.write(other, contents[one])


def lose_parquet(place: Place, chance: random.Random) -> None:
    """A file of rows is gone, cut, or a stranger lies beside it."""
    path = chance.choice(_parquet(place))
    content = (place.folder / path).read_bytes()
    (place.folder / path).unlink()
    way = chance.randrange(3)
    if way == 1:
        place.write(path, content[: chance.randrange(len(content))])
    elif way == 2:
        place.write(path, content)
        place.write(path.replace(".parquet", f"_{chance.randrange(10)}.parquet"), content)


def cut_log(place: Place, chance: random.Random) -> None:
    """The write-ahead log is shorter than it was, or gone."""
    content = (place.folder / LOG).read_bytes()
    if chance.random() < 0.2:
        (place.folder / LOG).unlink()
    else:
        place.write(LOG, content[: chance.randrange(len(content))])


def flip_log(place: Place, chance: random.Random) -> None:
    """One byte of the write-ahead log is another one."""
    place.write(LOG, _flip((place.folder / LOG).read_bytes(), chance))


def cut_heads(place: Place, chance: random.Random) -> None:
    """The heads lack a line, lines or their end, or two lines stand in each other's place."""
    content = (place.folder / HEADS).read_bytes()
    lines = content.splitlines(keepends=True)
    one, other = sorted(chance.sample(range(len(lines)), 2))
    changed = (
        content[: chance.randrange(len(content))],
        b"".join(lines[:one] + lines[one + 1 :]),
        b"".join([*lines[:one], lines[other], *lines[one + 1 : other], lines[one], *lines[other + 1 :]]),
    )
    place.write(HEADS, chance.choice(changed))


# ---- changes by somebody who makes the chain anew --------------------------------------------------------------------


def forge(ledger: sqlite3.Connection) -> None:
    """Make every digest, event and the head anew, so that the ledger is sound in itself."""
    [(first, books, at)] = ledger.execute("SELECT first_version, books, created_at FROM store_version").fetchall()
    head = chain.genesis(first, books, at)
    for seq, at, actor, action, subject in ledger.execute(
        "SELECT seq, at, actor, action, subject FROM audit_event ORDER BY seq"
    ).fetchall():
        rows = {
            table: ledger.execute(
                f"SELECT {', '.join(columns)} FROM {table} WHERE seq = ? ORDER BY {', '.join(columns)}", (seq,)
            ).fetchall()
            for table, columns in schema.CONTENT.items()
        }
        event = chain.next_event(head, at, actor, action, subject, chain.content_digest(rows))
        ledger.execute(
            "UPDATE audit_event SET content = ?, prev_hash = ?, hash = ? WHERE seq = ?",
            (event.content, event.prev_hash, event.hash, seq),
        )
        head = chain.Head(event.seq, event.prev_hash, event.hash)
    ledger.execute("UPDATE head SET prev_hash = ?, hash = ?", (head.prev_hash, head.hash))


def _json(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def forge_act(place: Place, chance: random.Random) -> None:
    """An act says something else, or somebody else did it, and the chain is made anew."""
    with place.ledger() as ledger:
        seq, number, text = chance.choice(ledger.execute("SELECT seq, number, content FROM act").fetchall())
        values = json.loads(text)
        name = chance.choice([one for one, value in values.items() if isinstance(value, (str, int))])
        if chance.random() < 0.3:
            by = chance.choice(("ada", "pia", "carl", "cora", "mallory", "rita"))
            found = ledger.execute("UPDATE audit_event SET actor = ?1 WHERE seq = ?2 AND actor <> ?1", (by, seq))
            if found.rowcount:
                forge(ledger)
                return
        values[name] = _other(values[name], chance)
        ledger.execute("UPDATE act SET content = ? WHERE seq = ? AND number = ?", (_json(values), seq, number))
        forge(ledger)


def forge_manifest(place: Place, chance: random.Random) -> None:
    """A run's manifest names another figure or hash; half of the time the chain is made anew."""
    with place.ledger() as ledger:
        run, text = chance.choice(ledger.execute("SELECT id, manifest FROM run").fetchall())
        values = json.loads(text)
        part = chance.choice([one for one in values if one != "details"])
        inside = values[part]
        if isinstance(inside, dict) and inside:
            name = chance.choice(sorted(inside))
            inner = inside[name]
            inside[name] = {**inner, "sha256": "f" * 64} if isinstance(inner, dict) else _other(inner, chance)
        else:
            values[part] = _other(inside, chance)
        ledger.execute("UPDATE run SET manifest = ? WHERE id = ?", (_json(values), run))
        if chance.random() < 0.5:
            forge(ledger)


def forge_rules(place: Place, chance: random.Random) -> None:
    """A text of a ruleset is another one; some of the time its hash and the chain are made anew."""
    with place.ledger() as ledger:
        ruleset, name, text = chance.choice(ledger.execute("SELECT ruleset, name, text FROM ruleset_text").fetchall())
        changed = (_other(text, chance), ruleset, name)
        ledger.execute("UPDATE ruleset_text SET text = ? WHERE ruleset = ? AND name = ?", changed)
        if chance.random() < 0.5:
            texts = dict(ledger.execute("SELECT name, text FROM ruleset_text WHERE ruleset = ?", (ruleset,)).fetchall())
            new = chain.ruleset_hash(texts)
            ledger.execute("UPDATE ruleset SET hash = ? WHERE hash = ?", (new, ruleset))
            ledger.execute("UPDATE ruleset_text SET ruleset = ? WHERE ruleset = ?", (new, ruleset))
            ledger.execute("UPDATE run SET ruleset = ?1, manifest = replace(manifest, ?2, ?1)", (new, ruleset))
        forge(ledger)


def forge_parquet(place: Place, chance: random.Random) -> None:
    """A file of rows is another one, its row of the ledger says so, and the chain is made anew."""
    with place.ledger() as ledger:
        path, sha256 = chance.choice(ledger.execute("SELECT path, sha256 FROM file").fetchall())
        content = _flip((place.books / path).read_bytes(), chance)
        new = hashlib.sha256(content).hexdigest()
        place.write(f"books/{path}", content)
        ledger.execute("UPDATE file SET sha256 = ? WHERE path = ?", (new, path))
        ledger.execute("UPDATE run SET manifest = replace(manifest, ?, ?)", (sha256, new))
        forge(ledger)


def change_statements(place: Place, chance: random.Random) -> None:
    """A trigger that keeps rows is gone, or there is one more that changes what will be written."""
    ledger = sqlite3.connect(place.folder / LEDGER, isolation_level=None)
    table = chance.choice(CHAINED)
    if chance.random() < 0.5:
        ledger.execute(f"DROP TRIGGER {table}_refuses_{chance.choice(('UPDATE', 'DELETE'))}")
    else:
        then = f"INSERT INTO upgrade VALUES ({chance.randrange(9)}, 'x', 1)"
        ledger.execute(f"CREATE TRIGGER later AFTER INSERT ON {table} BEGIN {then}; END")
    ledger.close()


Change = Callable[[Place, random.Random], None]

IN_PLACE: dict[str, Change] = {
    "cells edited": edit_cell,
    "rows reordered": swap_rows,
    "rows deleted": delete_row,
    "rows inserted": insert_row,
    "statements changed": change_statements,
    "bytes of the ledger flipped": flip_ledger,
    "bytes of the heads flipped": flip_heads,
    "heads cut or reordered": cut_heads,
    "bytes of Parquet flipped": flip_parquet,
    "Parquet swapped": swap_parquet,
    "Parquet lost, cut or added": lose_parquet,
    "acts forged": forge_act,
    "manifests edited": forge_manifest,
    "rules edited": forge_rules,
    "Parquet forged": forge_parquet,
}
"""Changes of books that nobody has open."""

IN_LOG: dict[str, Change] = {"write-ahead log cut": cut_log, "bytes of the log flipped": flip_log}
"""Changes of books whose last publication is in the write-ahead log."""

OLDER = "old backup put back"
KINDS = (*IN_PLACE, *IN_LOG, OLDER)


def tampered(place: Place, sound: SoundBooks, kind: str, chance: random.Random) -> Files:
    """Bring the folder to sound books and change them in one way; the files as they were before."""
    if kind == OLDER:
        older, now = chance.choice(sound.older), dict(sound.now)
        place.put(older)
        place.write(HEADS, now[HEADS])
        if chance.random() < 0.3:
            # Only the ledger is old; files of later publications stay.
            for path in now.keys() - {LEDGER}:
                place.write(path, now[path])
        return now
    start = sound.logged if kind in IN_LOG else sound.now
    place.put(start)
    {**IN_PLACE, **IN_LOG}[kind](place, chance)
    return start
