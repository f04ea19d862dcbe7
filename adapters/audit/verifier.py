"""Verify books of tieout without tieout: a second reader of their format, written apart from the one that writes.

    python verifier.py BOOKS [HEADS] [--head SEQ:HASH]     books, and the file of heads beside them
    python verifier.py EXPORT                              a folder made by `tieout audit export`

It needs Python 3.11 and nothing else. Nothing is written. Each problem is one sentence; the exit code is 1 if there is
any. `docs/audit.md` of tieout states the format in words. Every row is read, every link of the chain and the SHA-256 of
every file recomputed; then what people did is gone through again: who asked, who agreed, what was frozen.
"""

from __future__ import annotations

import hashlib
import json
import runpy
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

VERSION = 4
"""The version of the store that is verified."""

SCHEMA = "1bfcde8c4a885140eb635a0c0e80e85e7565099ce0b70594606ef0e998f3b053"
"""SHA-256 over the statements of all tables, indexes and triggers, sorted, each followed by a line feed."""

TABLES = {
    "file": "path home name row_count size sha256 columns",
    "load": "id file_name sha256 feed size received accepted quarantined loaded_at",
    "load_total": "load name received accepted quarantined declared",
    "load_file": "load path",
    "period": "calendar name start_date end_date",
    "ruleset": "hash name version",
    "ruleset_text": "ruleset name text",
    "run": "id calendar period kind number ruleset manifest published_at",
    "period_transition": "calendar period epoch from_state to_state run",
    "exception_act": "calendar period name row digest act comment run",
    "act": "number verb subject content",
    "upgrade": "version tieout",
}
"""The tables under the chain with the columns it covers, in the order they are hashed."""

LIST = "SHA256SUMS"
"""The file of an export that lists all others."""

HOMES = ("facts", "quarantine", "runs")


class Unsound(Exception):  # noqa: N818
    """A row is not what the format says; the sentence says which."""


# ---- the chain -------------------------------------------------------------------------------------------------------


def encoded(values: Iterable[object]) -> bytes:
    """Values with type and length: `n`, `i` or `t`, eight bytes of length, digits or UTF-8."""
    parts = []
    for value in values:
        if type(value) is str:
            content = value.encode()
            parts.append(b"t" + len(content).to_bytes(8, "big") + content)
        elif type(value) is int:
            content = b"%d" % value
            parts.append(b"i" + len(content).to_bytes(8, "big") + content)
        elif value is None:
            parts.append(b"n" + bytes(8))
        else:
            raise Unsound(f"a value of the kind {type(value).__name__}, which is never stored")
    return b"".join(parts)


def leaf(values: Iterable[object]) -> bytes:
    """The hash of one row."""
    return hashlib.sha256(b"\0" + encoded(values)).digest()


def chain(ledger: sqlite3.Connection) -> tuple[list[str], list[str]]:
    """The hash after each publication, from 0, as the rows give it; and what is wrong with them."""
    [(version, first_version, books, created_at)] = ledger.execute(
        "SELECT version, first_version, books, created_at FROM store_version"
    ).fetchall()
    upgrades = [row[0] for row in ledger.execute("SELECT version FROM upgrade NOT INDEXED")]
    found = []
    if version != max(first_version, *upgrades, 0):
        found.append("the version of the store is not that of its last upgrade")
    written: dict[int, Any] = {}
    for table, columns in TABLES.items():
        names = ", ".join(columns.split())
        for seq, *row in ledger.execute(f"SELECT seq, {names} FROM {table} NOT INDEXED ORDER BY seq, {names}"):
            digest = written.get(seq) or written.setdefault(seq, hashlib.sha256())
            digest.update(leaf((table, *row)))
    head = leaf(("tieout books", first_version, books, created_at))
    hashes, previous = [head.hex()], head.hex()
    events = (
        "SELECT seq, at, actor, action, subject, content, prev_hash, hash FROM audit_event NOT INDEXED ORDER BY seq"
    )
    for *fields, prev_hash, stored in ledger.execute(events):
        seq, content = fields[0], fields[5]
        if seq != len(hashes) or prev_hash != hashes[-1]:
            found.append(f"publication {seq} does not follow publication {len(hashes) - 1}")
        rows = written.pop(seq, None)
        if content != (rows or hashlib.sha256()).hexdigest():
            found.append(f"rows of publication {seq} were changed")
        previous, head = hashes[-1], hashlib.sha256(b"\1" + head + leaf(fields)).digest()
        if head.hex() != stored:
            found.append(f"the event of publication {seq} was changed")
            head = bytes.fromhex(stored)
        hashes.append(stored)
    found += [f"rows belong to publication {seq}, which there is not" for seq in sorted(written, key=str)]
    if ledger.execute("SELECT * FROM head").fetchall() != [(1, len(hashes) - 1, previous, hashes[-1])]:
        found.append(f"the head is not at publication {len(hashes) - 1}, the last one")
    return hashes, found


def statements(ledger: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the database as such: its pages, its references, its statements."""
    yield from (" ".join(row[0].split()) for row in ledger.execute("PRAGMA integrity_check") if row[0] != "ok")
    for table, _, other, _ in ledger.execute("PRAGMA foreign_key_check"):
        yield f"{table} refers to a missing {other}"
    stated = sorted(row[0] or "" for row in ledger.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    if hashlib.sha256("".join(f"{one}\n" for one in stated).encode()).hexdigest() != SCHEMA:
        yield "its tables, indexes and triggers are not those of this version of the store"


def rulesets(ledger: sqlite3.Connection) -> Iterator[str]:
    """Rulesets that are not the hash of their texts, by name."""
    texts: dict[str, list[str]] = {row[0]: [] for row in ledger.execute("SELECT hash FROM ruleset")}
    for ruleset, name, text in ledger.execute("SELECT ruleset, name, text FROM ruleset_text ORDER BY ruleset, name"):
        texts.setdefault(ruleset, []).extend((name, text))
    yield from (f"the texts of ruleset {one} were changed" for one, parts in texts.items() if leaf(parts).hex() != one)


# ---- files -----------------------------------------------------------------------------------------------------------


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(ledger: sqlite3.Connection, folder: Path, is_partial: bool) -> Iterator[str]:
    """Files that are not what was published, and what lies among them though no publication names it."""
    named = set()
    for path, home, name, size, sha256, seq in ledger.execute("SELECT path, home, name, size, sha256, seq FROM file"):
        named.add(path)
        place = folder / path
        if path != f"{home}/{seq:08d}/{name}.parquet" or home not in HOMES:
            yield f"{path} is not where publication {seq} puts {name}"
        elif place.is_symlink() or place.parent.is_symlink():
            yield f"{path} is a link, not the file that was published"
        elif not place.is_file():
            yield from () if is_partial else (f"{path} is missing",)
        elif place.stat().st_size != size:
            yield f"{path} has {place.stat().st_size} bytes instead of {size}"
        elif sha256_of(place) != sha256:
            yield f"{path} was changed"
    [(last,)] = ledger.execute("SELECT max(seq) FROM audit_event").fetchall()
    for home in HOMES:
        for place in sorted((folder / home).rglob("*")):
            path = place.relative_to(folder).as_posix()
            # What the publication after the last one left is the rest of one that was interrupted, or is at work.
            is_next = path.startswith(f"{home}/{(last or 0) + 1:08d}")
            if path not in named and not is_next and (place.is_symlink() or not place.is_dir()):
                yield f"{path} is named by no publication"


# ---- runs ------------------------------------------------------------------------------------------------------------


def canonical(values: object) -> str:
    """Values as the one JSON text they are stored as."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def runs(ledger: sqlite3.Connection, hashes: list[str]) -> Iterator[str]:
    """Runs whose manifest does not name what they stand on and what they left."""
    stored = {row[0]: row for row in ledger.execute("SELECT path, sha256, row_count, name, home, seq FROM file")}
    rulesets_named = {row[0]: row[1:] for row in ledger.execute("SELECT hash, name, version FROM ruleset")}
    times = dict(ledger.execute("SELECT seq, at FROM audit_event"))
    numbers: dict[tuple[str, ...], int] = {}
    rows = ledger.execute("SELECT id, seq, calendar, period, kind, number, ruleset, manifest, published_at FROM run"
                          " NOT INDEXED ORDER BY id")  # fmt: skip
    for run, seq, calendar, period, kind, number, ruleset, text, published_at in rows:
        manifest = json.loads(text)
        name, version = rulesets_named.get(ruleset, ("", ""))
        inputs = {path: stored[path][1] for path in manifest["inputs"] if path in stored and stored[path][5] < run}
        outputs = {one[3]: {"path": one[0], "rows": one[2], "sha256": one[1]}
                   for one in stored.values() if one[4:] == ("runs", run)}  # fmt: skip
        expected = {
            "calendar": calendar, "period": period, "kind": kind, "number": number,
            "ruleset": {"name": name, "version": version, "hash": ruleset}, "inputs": inputs, "outputs": outputs,
            "details": manifest["details"], "head": {"seq": run - 1, "hash": hashes[run - 1]},
        }  # fmt: skip
        for part in sorted(expected.keys() | manifest.keys()):
            if part not in expected or manifest.get(part) != expected[part]:
                yield f"run {run}: the {part} of its manifest is not what the ledger holds"
        if canonical(manifest) != text or run != seq or published_at != times.get(seq):
            yield f"run {run} is not as a run is recorded"
        numbers[calendar, period, kind] = numbers.get((calendar, period, kind), 0) + 1
        if numbers[calendar, period, kind] != number:
            yield f"run {run} is {kind} {number} of {period}, and there are {numbers[calendar, period, kind]} so far"


# ---- heads -----------------------------------------------------------------------------------------------------------


def lines_of(heads: Path) -> list[str]:
    """The whole lines of a file of heads; what a process began to write when it died is none."""
    whole, _, _ = heads.read_bytes().rpartition(b"\n") if heads.is_file() else (b"", b"", b"")
    return whole.decode("ascii", "replace").split("\n") if whole else []


def anchored(heads: Path, known: int, hashes: list[str], ledger: sqlite3.Connection) -> Iterator[str]:
    """What the heads kept outside the books know otherwise; `known` is how many lines there were before the books were
    opened, since a writer at work goes on."""
    lines = lines_of(heads)
    if not lines:
        yield f"{heads} is missing or empty, so nothing says whether these are the newest books"
        return
    beginning = ledger.execute("SELECT created_at FROM store_version").fetchall()
    times = [*beginning, *ledger.execute("SELECT at FROM audit_event NOT INDEXED ORDER BY seq")]
    for number, line in enumerate(lines):
        if number < len(hashes):
            if line != f"{number:08d} {hashes[number]} {times[number][0]}":
                yield f"{heads}: line {number + 1} is not the head of publication {number} of these books"
        elif number < known:
            yield f"{heads}: publication {number} is gone: older books were put back, or their log was lost"
    if len(lines) < len(hashes):
        yield (
            f"{heads} ends with publication {len(lines) - 1}, and the books with {len(hashes) - 1}: a process died,"
            " and the next that writes adds the line, or lines were taken away"
        )


def printed(head: str, hashes: list[str]) -> Iterator[str]:
    """Whether books are those of a head `SEQ:HASH` that was printed once; a hash may be cut after 16 digits."""
    seq, _, digits = head.partition(":")
    if not seq.isascii() or not seq.isdigit() or len(digits) < 16:
        yield f"`{head}` is no head; heads are printed like 12:0123456789abcdef"
    elif int(seq) >= len(hashes):
        yield f"the books end with publication {len(hashes) - 1}, before the printed head {head}"
    elif not hashes[int(seq)].startswith(digits.lower()):
        yield f"publication {seq} is not the one whose head was printed: {hashes[int(seq)]} instead of {digits}"


@cache
def acts_part() -> dict[str, Any]:
    """The second part, what people did: read from beside this file, whether or not tieout is installed."""
    return runpy.run_path(str(Path(__file__).with_name("verifier_acts.py")))


# ---- the whole -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified:
    """What came out: one sentence for each problem, publications seen, and the head they lead to (`SEQ:HASH`)."""

    problems: tuple[str, ...]
    publications: int = 0
    head: str = ""


def opened(path: Path) -> sqlite3.Connection:
    """The ledger for reading; a write-ahead log beside it is read too, and without one nothing is locked or made."""
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    ledger = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None)
    ledger.execute("PRAGMA cell_size_check = ON")
    ledger.execute("PRAGMA trusted_schema = OFF")
    ledger.execute("BEGIN")
    return ledger


def verify(folder: Path, heads: Path | None = None, head: str = "", is_partial: bool = False) -> Verified:
    """Verify a books folder against its heads, by default beside it; `is_partial` where files were not handed over."""
    heads = heads or folder.parent / f"{folder.resolve().name}.heads"
    if not (folder / "ledger.sqlite").is_file():
        return Verified((f"{folder} holds no ledger.sqlite",))
    known, hashes, found = len(lines_of(heads)), list[str](), list[str]()
    place = folder / "ledger.sqlite"
    try:
        ledger = opened(place)
    except (sqlite3.Error, ValueError) as error:
        return Verified((f"{place} is damaged ({error})",))

    def linked() -> list[str]:
        made, wrong = chain(ledger)
        hashes.extend(made)
        return wrong

    checks: tuple[tuple[str, Callable[[], Iterable[str]]], ...] = (
        (f"{place}: ", lambda: statements(ledger)),
        (f"{place}: ", linked),
        (f"{place}: ", lambda: rulesets(ledger)),
        (f"{folder}: ", lambda: files(ledger, folder, is_partial)),
        (f"{place}: ", lambda: runs(ledger, hashes)),
        (f"{place}: ", lambda: acts_part()["problems"](ledger)),
        ("", lambda: anchored(heads, known, hashes, ledger)),
        ("", lambda: printed(head, hashes) if head else ()),
    )
    try:
        versions = ledger.execute("SELECT version FROM store_version").fetchall()
        if versions != [(VERSION,)]:
            return Verified((f"{place} is not of version {VERSION} of the store, which this verifier reads",))
        for where, check in checks:
            try:
                found += [where + one for one in check()]
            except (
                Unsound,
                OSError,
                sqlite3.Error,
                ValueError,
                TypeError,
                LookupError,
                AttributeError,
                RecursionError,
            ) as error:
                found.append(f"{where}what stands there was not written by tieout ({error})")
    except (sqlite3.Error, ValueError) as error:
        # SQLite's own words on a damaged schema may be no text.
        found.append(f"{place} is damaged ({error})")
    finally:
        ledger.close()
    return Verified(tuple(dict.fromkeys(found)), len(hashes) - 1, f"{len(hashes) - 1}:{hashes[-1]}" if hashes else "")


def told(ledger: sqlite3.Connection) -> str:
    """Every act with its publication, who and when, one JSON object a line: what `acts.jsonl` of an export holds."""
    rows = ledger.execute(
        "SELECT act.seq, number, at, actor, verb, act.subject, act.content FROM act JOIN audit_event USING (seq)"
        " ORDER BY act.seq, number"
    )
    names = ("publication", "number", "at", "by", "act", "of", "content")
    return "".join(f"{canonical(dict(zip(names, (*row[:6], json.loads(row[6])), strict=True)))}\n" for row in rows)


def listed(folder: Path) -> Iterator[str]:
    """Files of an export that are not as its list has them, or are not listed."""
    lines = (folder / LIST).read_text(encoding="utf-8").splitlines()
    stated = {line[66:]: line[:64] for line in lines}
    there = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_symlink() or not one.is_dir()}
    for path in sorted(stated.keys() | there - {LIST}):
        if path not in there:
            yield f"{path} is missing"
        elif path not in stated:
            yield f"{path} is not in {LIST}"
        elif (folder / path).is_symlink() or sha256_of(folder / path) != stated[path]:
            yield f"{path} was changed"
    if lines != [f"{stated[path]}  {path}" for path in sorted(stated)]:
        yield f"{LIST} was changed"


def drawn(folder: Path, ledger: sqlite3.Connection) -> Iterator[str]:
    """What of an export is not what the ledger beside it holds: manifest, results, rules, acts."""
    text = (folder / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    run = manifest["head"]["seq"] + 1
    if ledger.execute("SELECT manifest FROM run WHERE id = ?", (run,)).fetchall() != [(text,)]:
        yield f"manifest.json is not that of run {run}"
    outputs = manifest["outputs"]
    yield from (
        f"books/{one['path']} is missing" for one in outputs.values() if not (folder / "books" / one["path"]).exists()
    )
    if "ledger_line" in outputs and sha256_of(folder / "journal.parquet") != outputs["ledger_line"]["sha256"]:
        yield f"journal.parquet is not the journal of run {run}"
    texts = ledger.execute(
        "SELECT text FROM ruleset_text WHERE ruleset = ? ORDER BY name", (manifest["ruleset"]["hash"],)
    )
    if [path.read_bytes() for path in sorted((folder / "rules").iterdir())] != [rule.encode() for (rule,) in texts]:
        yield f"rules are not the texts that run {run} used"
    if (folder / "acts.jsonl").read_text(encoding="utf-8") != told(ledger):
        yield "acts.jsonl is not what the ledger tells"


def verify_export(folder: Path, head: str = "") -> Verified:
    """Verify a folder made by `tieout audit export`: its list, its books, and that one was drawn from the other."""
    found = verify(folder / "books", folder / "books.heads", head, is_partial=True)
    problems = list(found.problems)
    try:
        problems += listed(folder)
        ledger = opened(folder / "books" / "ledger.sqlite")
        try:
            problems += drawn(folder, ledger)
        finally:
            ledger.close()
    except (OSError, sqlite3.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        problems.append(f"{folder} is not as it was handed over ({error})")
    return Verified(tuple(dict.fromkeys(problems)), found.publications, found.head)


def main(arguments: list[str]) -> int:
    """Verify what the arguments name, say what was found, and answer 0, 1 for problems, or 2 for wrong usage."""
    head = ""
    if "--head" in arguments[:-1]:
        at = arguments.index("--head")
        head, arguments = arguments[at + 1], arguments[:at] + arguments[at + 2 :]
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder = Path(arguments[0])
    if (folder / LIST).exists():
        found, what = verify_export(folder, head), f"SHA-256 of {LIST}: {sha256_of(folder / LIST)}"
    else:
        found, what = verify(folder, Path(arguments[1]) if arguments[1:] else None, head), ""
    lines = [
        *found.problems,
        f"{len(found.problems)} problems, {found.publications} publications, head {found.head}",
        what,
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines if line))
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
