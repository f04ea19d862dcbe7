"""No row is lost: what a file brings is accepted or in quarantine, by rows and by cents, or the file is refused whole.

Each file is a seed and has damage of kinds that people's files have. TIEOUT_SEED=NUMBER runs one file alone. What was
received is counted from the bytes of the file, by code that shares nothing with intake.
"""

from __future__ import annotations

import csv
import io
import os
import random
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from adapters.books.store import open_books
from adapters.feeds.report import FileReport, Outcome
from adapters.intake import VERBATIM
from tests.support.channel_client import Folder, rows_of
from tests.support.corrupt_files import COLUMNS, DIALECTS, FEEDS, OPERATORS, PARTS, Corrupted, corrupted
from tests.support.promises import reached, trials
from tests.support.received import Received, count_received

BATCH = 200
"""Files of one client, loaded together."""
PER_COMMIT = len(OPERATORS)
"""A file is loaded in a fifteenth of a second, so a hundredth of the trials would take too long."""
MILLION = 1_000_000


def test_every_row_and_cent_of_damaged_files_is_accepted_or_waits(tmp_path: Path) -> None:
    seeds = [int(os.environ["TIEOUT_SEED"])] if "TIEOUT_SEED" in os.environ else range(trials(20_000, PER_COMMIT))
    counted: Counter[str] = Counter()
    operators: Counter[str] = Counter()
    for first in range(0, len(seeds), BATCH):
        files = [corrupted(seed) for seed in seeds[first : first + BATCH]]
        folder = Folder(tmp_path / f"from {first}")
        folder.path.mkdir()
        folder.configure(FEEDS)
        folder.load(folder.deliver("parts.csv", "CODE\n" + "\n".join(PARTS) + "\n"))
        counted["refused_files"] += refuse_all(folder, [file for file in files if file.is_refused])
        counted.update(take_all(folder, [file for file in files if not file.is_refused]))
        counted["files again"] += deliver_again(folder, [file for file in files if not file.is_refused])
        counted.update(mend_at_random(folder, random.Random(first)))
        operators.update(name for file in files for name in set(file.operators))
    again = counted.pop("files again")
    seen = {"files_of_the_rarest_operator": min(operators[name] for name in OPERATORS)}
    proof = f"files damaged by {len(OPERATORS)} operators, rows and cents held against a count of bytes"
    reached("P1", proof, len(seeds), 0, **seen, **dict(sorted(counted.items())))
    reached("P10", "loaded files delivered again under another name, and again under their own", again, 0)
    if len(seeds) >= PER_COMMIT:
        assert seen["files_of_the_rarest_operator"] > 0
        assert min(counted[name] for name in ("refused_files", "quarantined", "accepted")) >= len(seeds) // 5


def refuse_all(folder: Folder, files: Sequence[Corrupted]) -> int:
    """Load files that must be refused, each of them: nothing at all is written."""
    before = publications(folder)
    report = folder.load(*deliver(folder, files)) if files else None
    taken = [] if report is None else [one.name for one in report.files if one.outcome is not Outcome.REFUSED]
    assert not taken, f"not refused: {taken}"
    assert publications(folder) == before
    return len(files)


def take_all(folder: Folder, files: Sequence[Corrupted]) -> Counter[str]:
    """Load files whose rows are bad at worst, and hold every one against the count of its bytes."""
    counted: Counter[str] = Counter()
    report = folder.load(*deliver(folder, files))
    found = {one.name: one for one in report.files}
    refused = {one.name: one.message for one in report.refused}
    assert not refused
    rows = rows_by_file(folder)
    for file in files:
        received = count_received(file.data, DIALECTS[file.feed], b"AMOUNT")
        hold(file, received, found[file.name], rows.get(found[file.name].sha256, []))
        counted.update({name: getattr(found[file.name], name) for name in ("accepted", "quarantined", "set_aside")})
        counted["rows"] += len(received.rows)
    facts = folder.facts("pos-sale")
    assert len(facts) == counted["accepted"]
    cents = sum((one.totals[0].accepted for one in found.values()), Decimal(0))
    assert sum(fact["amount"] or 0 for fact in facts) == cents
    return counted


def hold(file: Corrupted, received: Received, found: FileReport, rows: Sequence[tuple[int, str, str]]) -> None:
    """One file's report and stored rows against what its bytes hold; every assertion names the seed."""
    seed = f"TIEOUT_SEED={file.seed} ({', '.join(file.operators)})"
    encoding = DIALECTS[file.feed].encoding
    assert {line: text for line, text, _ in rows} == {
        line: data.decode(encoding) for line, data in received.rows.items()
    }, seed
    assert found.received + found.set_aside == len(received.rows) == len(rows), seed
    assert found.received == found.accepted + found.quarantined, seed
    accepted = [text for _, text, fate in rows if fate == "accepted"]
    assert found.accepted == len(accepted), seed
    cut = [file.cut] if file.cut in accepted else []
    assert sorted(accepted) == sorted([*file.whole, *cut]), seed
    [total] = found.totals
    assert total.received == total.accepted + total.quarantined, seed
    assert (total.received + total.set_aside) * MILLION == received.millionths, seed
    assert total.unreadable == received.unreadable, seed


def deliver_again(folder: Folder, files: Sequence[Corrupted]) -> int:
    """Files that were loaded come again under other names, then under their own: nothing is written."""
    before = publications(folder)
    renamed = [folder.deliver(file.name.replace("_", "_again_"), file.data) for file in files]
    for paths in (renamed, [folder.path / "incoming" / file.name for file in files]):
        report = folder.load(*paths)
        assert {one.outcome for one in report.files} == {Outcome.KNOWN}
    assert publications(folder) == before
    return 2 * len(files)


def mend_at_random(folder: Folder, chance: random.Random) -> Counter[str]:
    """Export what waits, mend some rows, leave some as they are, others out: each row waits or was replaced once."""
    counted: Counter[str] = Counter()
    for name, dialect in DIALECTS.items():
        waiting = len(folder.waiting(name))
        if not waiting:
            continue
        separator = dialect.separator.decode()
        text = io.StringIO(folder.export(name).decode(dialect.encoding), newline="")
        rows = [one for one in csv.DictReader(text, delimiter=separator) if chance.random() < 0.7]
        good = dict(
            zip(COLUMNS, ("", "01.02.2026" if name == "semicolon" else "2026-02-01", "P1", "1", "1"), strict=True)
        )
        mended = [at for at in range(len(rows)) if chance.random() < 0.5]
        for at in mended:
            rows[at] |= {**good, "INV": f"{name} {at}"}
        if not rows:
            continue
        written = io.StringIO(newline="")
        writer = csv.DictWriter(written, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
        facts, content = len(folder.facts("pos-sale")), written.getvalue().encode(dialect.encoding)
        report = folder.resubmit(f"mended {name}.csv", content)
        assert report.outcome is Outcome.LOADED, report.message
        assert report.received + report.set_aside == len(rows)
        assert report.received == report.accepted + report.quarantined
        assert report.accepted >= len(mended)
        assert len(folder.waiting(name)) == waiting - len(rows) + report.quarantined
        assert len(folder.facts("pos-sale")) == facts + report.accepted - report.already_known
        assert folder.resubmit(f"again {name}.csv", content).outcome is Outcome.KNOWN
        counted.update(resubmitted=len(rows), waiting_again=report.quarantined)
    return counted


def deliver(folder: Folder, files: Sequence[Corrupted]) -> list[Path]:
    return [folder.deliver(file.name, file.data) for file in files]


def publications(folder: Folder) -> int:
    with open_books(folder.path / "books", write=False) as books:
        return len(books.ledger.audit_events())


def rows_by_file(folder: Folder) -> dict[str, list[tuple[int, str, str]]]:
    """Every row that the books keep as it came, by the hash of its file: line, text, fate."""
    with open_books(folder.path / "books", write=False) as books:
        kept = [row for path in books.fact_files(VERBATIM) for row in rows_of(path)]
    found: dict[str, list[tuple[int, str, str]]] = {}
    for row in kept:
        found.setdefault(row["source-file"], []).append((row["source-row"], row["text"], row["fate"]))
    return found
