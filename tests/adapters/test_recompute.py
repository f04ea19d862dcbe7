"""Where late facts recompute from their date, books that learn late come to what books that knew in time posted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlglot import exp

from adapters.books.store import open_books
from adapters.client.loader import read_client
from adapters.closing import replay
from adapters.closing.close import close_period
from adapters.closing.explain import explain
from adapters.closing.inputs import parquet
from adapters.closing.running import Resources
from adapters.duckdb_executor import DuckDBExecutor
from adapters.intake import load
from adapters.ruleset_files import read_ruleset, read_texts
from dsl.diagnostics import Diagnostics
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset
from engine.plan.relation import column
from engine.plan.world import RunStopped
from engine.run.close import Run
from engine.run.results import TieOut
from tests.support import promises
from tests.support.promises import by_night
from tests.support.shop_client import MASTERS, RULESET, SALES_HEAD, make_shop

ENDS = (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31))[: promises.trials(3, per_commit=2, nightly=3)]
LAST = len(ENDS) - 1
HEADS = {
    "shipments": "No,Partner,Part,Units,Price,Date\n",
    "sales": SALES_HEAD,
    "counts": "Partner,Part,Units,Date\n",
}
Row = tuple[str, str, int]
"""The feed of a row, its text, and the month in which it becomes known."""
BY = ("origin", "journal", "role", "company", "partner", "part")


def drawn(draw: random.Random) -> list[Row]:
    """Months of shipments, sales and counts, each known in its own month or a later one; some known anew later,
    with other units and another day."""
    rows: list[Row] = []
    for number in range(60):
        where = f"{draw.choice(('ACME', 'BRAVO'))},{draw.choice(('X100', 'X200'))}"
        known = -1
        while known < 0 or (known < LAST and draw.random() < 0.3):
            day = date(2026, 1, 5) + timedelta(days=draw.randrange((ENDS[-1] - date(2026, 1, 5)).days))
            known = draw.randrange(max(known + 1, next(at for at, end in enumerate(ENDS) if day <= end)), LAST + 1)
            units, price = draw.randint(1, 5), draw.randint(900, 3000) / 100
            if number % 3 == 0:
                rows.append(("shipments", f"S-{number},{where},{units},{price},{day}", known))
            else:
                rows.append(("sales", f"P-{number},{where},{units},{day}", known))
    for partner in ("ACME", "BRAVO"):
        for part in ("X100", "X200"):
            rows.append(("shipments", f"S-{partner}-{part},{partner},{part},300,12.34,2026-01-02", 0))
            rows += [("counts", f"{partner},{part},{draw.randint(200, 290)},{end}", at) for at, end in enumerate(ENDS)]
    return rows


def last_known(rows: list[Row]) -> list[Row]:
    """Rows as they stand in the end, all known from the start."""
    found: dict[str, Row] = {}
    for feed, text, _ in sorted(rows, key=lambda row: row[2]):
        found[text if feed == "counts" else text.split(",")[0]] = (feed, text, 0)
    return list(found.values())


Lines = Counter[tuple[object, ...]]
"""What was posted, debits positive, in cents, by origin, journal, role and dimensions."""


@dataclass(frozen=True, slots=True)
class Told:
    """What books posted, what they held at the end, and how many lines were of another period than the one that posted
    them."""

    posted: Lines
    held: dict[str, list[tuple[object, ...]]]
    late: int


def closed_books(folder: Path, rows: list[Row]) -> Told:
    """Months closed for good, each with what is known by then: what was posted by origin, and what is held at the
    end."""
    make_shop(folder, {})
    ruleset = _rules(folder, 0)
    frozen: date | None = None
    _load(folder, ruleset, {"masters_1.csv": MASTERS}, date(2026, 1, 1), None)
    posted, late, held = Lines(), 0, dict[str, list[tuple[object, ...]]]()
    for month, end in enumerate(ENDS):
        now = [(feed, row) for feed, row, known in rows if known == month]
        told = {feed: [row for of, row in now if of == feed] for feed in HEADS}
        files = {f"{feed}_{month}.csv": HEADS[feed] + "\n".join([*some, ""]) for feed, some in told.items() if some}
        if files:
            _load(folder, ruleset, files, end + timedelta(days=2), frozen)
        ruleset = _rules(folder, month)
        name = f"FY2026-P{month + 1:02}"
        found = _closed(folder, ruleset, name)
        posted.update(found.posted)
        late, held = late + found.late, found.held
        frozen = end
    return Told(Lines({key: cents for key, cents in posted.items() if cents}), held, late)


def _rules(folder: Path, month: int) -> Ruleset:
    """The shop's rules, in whose second version, from the last month on, a journal has another name."""
    text = RULESET.replace("catch up in the open period", "recompute from their date")
    if month == LAST:
        text = text.replace("shop version 1", "shop version 2")
        text = text.replace("journal earn ", "journal resold ").replace("expect earn\n", "expect resold\n")
    (folder / "shop.tieout").write_text(text, encoding="utf-8")
    ruleset, _ = read_ruleset(folder / "shop.tieout")
    assert ruleset is not None
    return ruleset


def _load(folder: Path, ruleset: Ruleset, files: dict[str, str], day: date, frozen: date | None) -> None:
    paths = [folder / "incoming" / name for name in files]
    for path in paths:
        path.write_text(files[path.name], encoding="utf-8")
    client = read_client(folder, Diagnostics())
    assert client is not None
    with open_books(client.books, write=True, create=True, clock=lambda: _at(day)) as books:
        report = load(books, client.client, schema_of(ruleset), paths, day, None, frozen)
    assert report.is_written, report.refused
    assert {one.quarantined for one in report.files} == {0}, report.files


def _closed(folder: Path, ruleset: Ruleset, period: str) -> Told:
    with open_books(folder / "books", write=True, clock=lambda: _at(date(2026, 4, 2))) as books:
        closed = close_period(books, ruleset, period, hard=True, resources=Resources(threads=1))
        assert closed.run is not None, [one.sentence for one in closed.result.tie_outs if not one.passed]
        paths = books.run_files(closed.run)
        with DuckDBExecutor(threads=1, reads=paths.values()) as executor:
            lines = _rows(executor, paths["ledger_line"], (*BY, "side", "amount"))
            held = {
                "layer": _rows(executor, paths["layer"], ("partner", "part", "unit-price", "remaining")),
                "stock": _rows(executor, paths["stock"], ("partner", "part", "bucket", "closing")),
            }
    posted = Lines()
    for *key, side, amount in lines:
        assert isinstance(amount, Decimal)
        posted[tuple(key)] += int(amount * 100) * (1 if side == "debit" else -1)
    return Told(posted, held, sum(1 for key in posted if key[0] != period))


def _rows(executor: DuckDBExecutor, path: Path, names: tuple[str, ...]) -> list[tuple[object, ...]]:
    return sorted(executor.rows(exp.select(*(column(one) for one in names)).from_(parquet(path))), key=str)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


@by_night
def test_what_is_known_late_comes_to_what_books_that_knew_in_time_posted(tmp_path: Path) -> None:
    rows = drawn(random.Random(3))
    late = closed_books(tmp_path / "late", rows)
    in_time = closed_books(tmp_path / "in-time", last_known(rows))
    assert late.posted == in_time.posted
    assert late.held == in_time.held
    assert in_time.late == 0
    assert late.late > promises.trials(20, per_commit=10, nightly=20)
    _explains_by_the_rules_of_then(tmp_path / "late")


def _explains_by_the_rules_of_then(folder: Path) -> None:
    """A correction of January that the last month posts is explained by the journal that posted in January."""
    ruleset = _rules(folder, LAST)
    with open_books(folder / "books", write=False) as books:
        last = books.runs("fiscal", f"FY2026-P{LAST + 1:02}")[-1]
        path = books.run_files(last)["ledger_line"]
        with DuckDBExecutor(threads=1, reads=(path,)) as executor:
            lines = _rows(executor, path, ("id", "journal", "origin"))
        line = next(str(name) for name, journal, origin in lines if (journal, origin) == ("earn", "FY2026-P01"))
        found = explain(books, ruleset, line, _restored, resources=Resources(threads=1))
    assert found.recomputed is not None
    assert (found.journal.name, found.recomputed.version, found.run.version) == ("earn", "1", "2")
    assert found.adds_up
    assert found.recomputed.count > 0


def _restored(texts: Mapping[str, str]) -> Ruleset:
    ruleset, _ = read_texts(texts)
    assert ruleset is not None
    return ruleset


def test_a_replay_that_cannot_go_on_names_its_period(tmp_path: Path) -> None:
    known = [("shipments", "S-1,ACME,X100,10,25.00,2026-01-05", 0), ("counts", "ACME,X100,10,2026-01-31", 0)]
    late = ("sales", "P-1,ACME,X100,11,2026-01-20", 1)
    said = "FY2026-P01, replayed with what is known now: more units leave than are held: sale US01 P-1"
    with pytest.raises(RunStopped, match=f"^{said}"):
        closed_books(tmp_path / "shop", [*known, late])
    with open_books(tmp_path / "shop" / "books", write=False) as books:
        assert [run.period for run in books.runs("fiscal")] == ["FY2026-P01"]


def test_a_replay_that_does_not_tie_out_stops_the_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(run: Run) -> tuple[TieOut, ...]:
        return (TieOut("debits = credits", run.world.period.name != "FY2026-P01", "out by 0.01", True),)

    monkeypatch.setattr(replay, "tie_outs", broken)
    known = [("shipments", "S-1,ACME,X100,10,25.00,2026-01-05", 0), ("counts", "ACME,X100,10,2026-01-31", 0)]
    said = "FY2026-P01, replayed with what is known now: its tie-out `debits = credits` fails: out by 0.01"
    with pytest.raises(RunStopped, match=f"^{said}$") as stopped:
        closed_books(tmp_path / "shop", [*known, ("sales", "P-1,ACME,X100,1,2026-01-20", 1)])
    assert stopped.value.code == "T433"
