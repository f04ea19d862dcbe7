"""One folder for an auditor: memo, rules that ran, journal, lineage for a sample, what people did, and the proofs.

It is made beside its place under another name and renamed when it is whole, so a half one is never there. The second
verifier lies inside and verifies the folder where tieout is not installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
from sqlglot import exp

from adapters import spreadsheet
from adapters.audit import verifier
from adapters.audit.log import LogEntry, log_of, selected
from adapters.audit.memo import Line, Told, memo
from adapters.books import durable
from adapters.books.entries import Run
from adapters.books.errors import BooksCorrupted, BooksError
from adapters.books.store import Books
from adapters.books.tables import attach
from adapters.closing.explain import Restore, explain
from adapters.closing.running import Progress, file_name
from adapters.closing.signing import behind
from adapters.closing.worklist import worklist_of
from adapters.explain_text import line_json, line_text
from adapters.report.html import page_html
from adapters.report.text import page_text
from engine.model.ruleset import Ruleset
from engine.run.conditions import Conditions, Standing

LINES = "ledger line"
SAMPLE = 25
"""How many lines are followed to their source unless told otherwise."""

DECISIONS = (
    "rules drafted", "rules reviewed", "rules approved", "rules rejected", "exceptions accepted", "exception resolved",
    "override approved", "override rejected", "override withdrawn", "close requested", "close approved",
    "close rejected", "hard closed", "reopening requested", "reopening approved", "reopening rejected", "reopened",
)  # fmt: skip
"""The acts that ask for something or decide on it."""

README = """\
Evidence for {period} of {client}, handed over by tieout.

  memo.html, memo.txt    what was closed, by whom, by which rules, to which figures; read this first
  journal.csv            the journal, line by line; journal.parquet is the file of the books, byte for byte
  lineage/               for a sample of lines: rule, layers, and the rows of files as they were delivered
  rules/                 the texts of the rules as they ran
  manifest.json          what the run read and left, by SHA-256, and the head of the books it stands on
  decisions.csv          who asked for and who agreed to what about the period and its rules
  overrides.csv, exceptions.csv, refused.csv
  acts.jsonl             everything that people did in these books, refused acts too
  books/, books.heads    the ledger with its hash chain, the files of the run, and the heads kept outside the books
  SHA256SUMS             every file here but itself

To verify all of it you need Python 3.11 or newer, and nothing else:

  python verifier.py .
  python verifier.py . --head SEQ:HASH     and whether the books are those of a head that was printed or noted

It recomputes the chain and every hash from its own statement of the format, goes through what people did, and holds
this folder against the ledger in it. The exit code is 1 if anything is wrong. Take verifier.py and verifier_acts.py
from tieout itself if you do not trust those here. Texts in the CSV files that a spreadsheet would run begin with an
apostrophe.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was handed over: which run, how many files, which lines were followed, and the SHA-256 of the list."""

    run: Run
    files: int
    sample: tuple[str, ...]
    sha256: str
    head: str


def export(
    books: Books,
    ruleset: Ruleset,
    restore: Restore,
    client: str,
    period: str,
    folder: Path,
    *,
    sample: int = SAMPLE,
    seed: str = "",
    progress: Progress | None = None,
) -> Exported:
    """Hand over a period as its last run left it, in a folder that is not there yet.

    The sample is drawn by the run's manifest and a seed: the same ask gives the same lines. BooksError where the folder
    is there or the period was never closed; BooksCorrupted where the result does not pass the second verifier.
    """
    if os.path.lexists(folder):
        raise BooksError(f"{folder} is there already, nothing was written; name another folder")
    found = worklist_of(books, ruleset, period)
    run, conditions = found.run, found.conditions
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        made.chmod(0o755)
        drawn = _fill(made, books, ruleset, restore, client, run, conditions, found.standings, sample, seed, progress)
        files = _list(made)
        verified = verifier.verify_export(made)
        if verified.problems:
            raise BooksCorrupted(f"{verified.problems[0]}; nothing was handed over, run `tieout audit verify`")
        sha256 = durable.sha256_file(made / verifier.LIST)
        durable.rename(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Exported(run, files, drawn, sha256, verified.head)


def _fill(
    made: Path,
    books: Books,
    ruleset: Ruleset,
    restore: Restore,
    client: str,
    run: Run,
    conditions: Conditions,
    standings: Iterable[Standing],
    sample: int,
    seed: str,
    progress: Progress | None,
) -> tuple[str, ...]:
    """Write all files but their list, and answer the lines that were drawn."""
    lines = _lines(books, run)
    seed = seed or hashlib.sha256(run.manifest.encode()).hexdigest()[:16]
    ids = [str(line["id"]) for line in lines]
    drawn = tuple(sorted(random.Random(f"{run.id} {seed}").sample(ids, min(sample, len(ids)))))
    log = log_of(books.ledger)
    [(by,)] = books.ledger.rows("SELECT actor FROM audit_event WHERE seq = ?", (run.id,))
    overrides = books.state.overrides_of(run.calendar, run.period)
    refused = selected(log, verb="refused")
    texts = books.ruleset_texts(run.ruleset_hash)
    rules = tuple(_rule_file(number, name) for number, name in enumerate(texts, 1))
    stands = behind(books, run.calendar, run.period)
    told = Told(client, run, by, lines, conditions, stands, overrides, refused, rules, drawn, seed)
    page = memo(told)
    _write(made / "README.txt", README.format(period=run.period, client=client))
    _write(made / "memo.txt", page_text(page))
    _write(made / "memo.html", page_html(page))
    _write(made / "manifest.json", run.manifest)
    for text, file in zip(texts.values(), rules, strict=True):
        _write(made / "rules" / file, text)
    _tables(made, lines, log, run, refused)
    _exceptions(made, standings)
    _overrides(made, books, run)
    for number, line in enumerate(drawn, 1):
        if progress is not None:
            progress(f"following line {number} of {len(drawn)} to its source")
        found = explain(books, ruleset, line, restore, everything=True)
        _write(made / "lineage" / f"{line}.txt", line_text(found))
        _write(made / "lineage" / f"{line}.json", json.dumps(line_json(found), indent=1, ensure_ascii=False) + "\n")
    _proofs(made, books, run)
    return drawn


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def _rule_file(number: int, name: str) -> str:
    """Where a text of the rules lies in the folder: in the order of their names, which may be paths of a machine."""
    return f"{number:03d}-{PurePosixPath(name).name}"


def _lines(books: Books, run: Run) -> list[Line]:
    """The journal of a run, by the lines' ids."""
    entry = books.run_entries(run).get(file_name(LINES))
    if entry is None:
        return []
    names = [name for name, _ in entry.columns]
    with duckdb.connect(":memory:") as connection:
        attach(connection, LINES, entry.columns, books.layout.folder, [entry])
        wanted = exp.select(*(exp.column(one, quoted=True) for one in names))
        query = wanted.from_(exp.to_identifier(LINES, quoted=True)).order_by(exp.column("id", quoted=True))
        rows = connection.execute(query.sql("duckdb")).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


# ---- tables ----------------------------------------------------------------------------------------------------------


def _csv(path: Path, headings: Iterable[str], rows: Iterable[Iterable[spreadsheet.Value]]) -> None:
    _write(path, spreadsheet.csv_text(headings, rows))


def _tables(made: Path, lines: list[Line], log: tuple[LogEntry, ...], run: Run, refused: tuple[LogEntry, ...]) -> None:
    names = list(lines[0]) if lines else ["id"]
    _csv(made / "journal.csv", names, ([line[name] for name in names] for line in lines))
    decisions = [one for one in log if one.did in DECISIONS and one.period in ("", run.period)]
    for name, entries in (("decisions", decisions), ("refused", refused)):
        rows = ((one.seq, one.at, one.by, one.tried or one.did, one.of, one.words) for one in entries)
        _csv(made / f"{name}.csv", ("publication", "at", "by", "act", "of", "with"), rows)


def _exceptions(made: Path, standings: Iterable[Standing]) -> None:
    """What the period's runs raised, where each stands, what was said of it and how it was settled."""
    headings = (
        "exception", "name", "where", "what", "severity", "owner", "value", "state", "assigned-to", "comments",
        "accepted-by", "accepted-at", "accepted-because", "resolved-by", "resolved-at", "resolved-because",
    )  # fmt: skip
    rows: list[list[Any]] = []
    for one in standings:
        raised, accepted, work = one.raised, one.acceptance, one.work
        said = "; ".join(f"{by} on {at[:10]}: {comment}" for by, at, comment in work.comments)
        settled = [[kept.by, kept.at, kept.comment] if kept else ["", "", ""] for kept in (accepted, work.resolution)]
        rows.append([
            raised.id, raised.name, raised.where, raised.sentence, raised.severity, raised.owner, raised.value,
            one.state, work.assigned_to, said, *settled[0], *settled[1],
        ])  # fmt: skip
    _csv(made / "exceptions.csv", headings, rows)


def _overrides(made: Path, books: Books, run: Run) -> None:
    headings = (
        "override", "of", "column", "row", "value", "unit", "stake", "currency", "reason", "comment", "evidence",
        "evidence-sha256", "proposed-by", "at", "state", "decided-by", "decided-at", "role", "decision",
    )  # fmt: skip
    rows = []
    for one in books.state.overrides_of(run.calendar, run.period):
        asked = one.proposal
        row = "; ".join(f"{name} {value or ''}" for name, value in asked.row)
        rows.append((
            asked.override, asked.reconciliation, asked.column, row, asked.value, asked.unit, asked.stake,
            asked.stake_currency, asked.reason, asked.comment, asked.evidence, asked.evidence_sha256, one.by, one.at,
            one.state, one.decided_by, one.decided_at, one.role, one.comment,
        ))  # fmt: skip
    _csv(made / "overrides.csv", headings, rows)


# ---- proofs ----------------------------------------------------------------------------------------------------------


def _proofs(made: Path, books: Books, run: Run) -> None:
    """The ledger, its heads, the run's files, the verifier; the ledger as the transaction it is read in sees it."""
    inside = made / "books"
    inside.mkdir()
    with closing(sqlite3.connect(inside / "ledger.sqlite", isolation_level=None)) as copy:
        books.ledger.connection.backup(copy)
        # A copy to be read needs no log, which a disk that is read only could not hold.
        copy.execute("PRAGMA journal_mode = DELETE")
        _write(made / "acts.jsonl", verifier.told(copy))
    last = books.ledger.head().seq
    heads = (one for one in books.heads.lines() if one.seq <= last)
    _write(made / "books.heads", "".join(f"{one.seq:08d} {one.hash} {one.at}\n" for one in heads))
    for name, entry in books.run_entries(run).items():
        target = inside / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(books.path(entry), target)
        if name == file_name(LINES):
            shutil.copyfile(books.path(entry), made / "journal.parquet")
    source = Path(verifier.__file__)
    for name in (source.name, "verifier_acts.py"):
        shutil.copyfile(source.with_name(name), made / name)


def _list(made: Path) -> int:
    """Write the list of all files with their SHA-256, and answer how many there are with it."""
    paths = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    _write(made / verifier.LIST, "".join(f"{durable.sha256_file(made / path)}  {path}\n" for path in paths))
    for path in (*paths, verifier.LIST):
        durable.fsync_file(made / path)
    return len(paths) + 1
