"""The same files, loaded in any order, give the same books: by files, through load and close."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path

from sqlglot import exp

from adapters.books.store import open_books
from adapters.client.loader import read_client
from adapters.closing.close import close_period
from adapters.closing.inputs import parquet
from adapters.closing.running import Resources
from adapters.duckdb_executor import DuckDBExecutor
from adapters.feeds.versions import Closed
from adapters.intake import load
from adapters.ruleset_files import read_ruleset
from dsl.diagnostics import Diagnostics
from engine.model.identity import schema_of
from engine.model.ruleset import Ruleset
from engine.plan.relation import column
from tests.support import promises
from tests.support.shop_client import CLIENT, MASTERS, SALES_HEAD, make_shop

SHIPPED = "No,Partner,Part,Units,Price,Date\n"
COUNTED = "Partner,Part,Units,Date\n"
JANUARY = {
    "shipments_1.csv": SHIPPED + "S-1,ACME,X100,10,25.00,2026-01-05\nS-3,BRAVO,X100,6,26.50,2026-01-09\n",
    "shipments_2.csv": SHIPPED + "S-2,ACME,X200,4,100.00,2026-01-06\nS-0,ACME,X100,3,24.99,2026-01-05\n",
    "sales_2026-01-21.csv": SALES_HEAD + "P-1,ACME,X100,3,2026-01-20\nP-2,BRAVO,X100,5,2026-01-21\n",
    "sales_2026-01-25.csv": SALES_HEAD + "P-2,BRAVO,X100,2,2026-01-21\nP-3,ACME,X100,1,2026-01-20\n",
    "counts_1.csv": COUNTED + "ACME,X100,9,2026-01-31\nACME,X200,3,2026-01-31\nBRAVO,X100,4,2026-01-31\n",
}
FEBRUARY = {
    "shipments_4.csv": SHIPPED + "S-4,ACME,X100,2,23.00,2026-01-04\nS-5,BRAVO,X100,7,30.00,2026-02-02\n",
    "sales_2026-02-12.csv": SALES_HEAD + "P-4,ACME,X100,4,2026-01-29\nP-5,BRAVO,X100,6,2026-02-10\n",
    "sales_2026-02-11.csv": SALES_HEAD + "P-6,ACME,X100,3,2026-02-03\nP-5,BRAVO,X100,1,2026-02-10\n",
    "counts_3.csv": COUNTED + "ACME,X100,4,2026-02-28\nACME,X200,3,2026-02-28\nBRAVO,X100,5,2026-02-28\n",
}
"""P-2 and P-5 come twice, the later known version stands; S-4 and P-4 are known when January is closed."""
RELATIONS = ("ledger_line", "slice", "layer", "stock", "siso")


def loaded_in(order: random.Random, folder: Path, ruleset: Ruleset) -> dict[str, list[tuple[object, ...]]]:
    """Load January's files in two lots, close it for good, then February's in one, on trial; what both published.

    What rows refer to is there before them: a row that names an unknown part waits in quarantine.
    """
    found: dict[str, list[tuple[object, ...]]] = {}
    closed: Closed | None = None
    _load(folder, {"masters_1.csv": MASTERS}, date(2026, 2, 1), ruleset, closed)
    for period, files, day in (("P01", JANUARY, date(2026, 2, 2)), ("P02", FEBRUARY, date(2026, 3, 2))):
        names = order.sample(sorted(files), len(files))
        cut = order.randrange(1, len(names)) if closed is None else len(names)
        for some in filter(None, (names[:cut], names[cut:])):
            _load(folder, {name: files[name] for name in some}, day, ruleset, closed)
        found |= _closed(folder, f"FY2026-{period}", ruleset)
        closed = Closed(date(2026, 1, 31), "FY2026-P01")
    return found


def _load(folder: Path, files: dict[str, str], day: date, ruleset: Ruleset, closed: Closed | None) -> None:
    paths = [folder / "incoming" / name for name in files]
    for path in paths:
        path.write_text(files[path.name], encoding="utf-8")
    client = read_client(folder, Diagnostics())
    assert client is not None
    with open_books(client.books, write=True, create=True, clock=lambda: _at(day)) as books:
        known_after = None if closed is None else closed.through
        report = load(books, client.client, schema_of(ruleset), paths, day, closed, known_after)
    assert report.is_written, report.refused
    assert {one.quarantined for one in report.files} == {0}, report.files


def _closed(folder: Path, period: str, ruleset: Ruleset) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    with open_books(folder / "books", write=True, clock=lambda: _at(date(2026, 3, 3))) as books:
        run = close_period(books, ruleset, period, hard=period == "FY2026-P01", resources=Resources(threads=1)).run
        assert run is not None
        paths = books.run_files(run)
        with DuckDBExecutor(threads=1, reads=paths.values()) as executor:
            for name in sorted(set(RELATIONS) & set(paths)):
                found[f"{period} {name}"] = _rows(executor, paths[name])
    return found


NUMBERS = ("fact", "event", "layer", "pool")
"""Columns in which rows are numbered as they were loaded."""


def _rows(executor: DuckDBExecutor, path: Path) -> list[tuple[object, ...]]:
    read = exp.select(exp.Star()).from_(parquet(path))
    names = [name for name, _ in executor.types(read) if name not in NUMBERS]
    return sorted(executor.rows(exp.select(*(column(one) for one in names)).from_(parquet(path))), key=str)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


SEEDS = (1, 13, *range(100, 98 + promises.trials(200, per_commit=2)))
"""With the second the later version of P-2 is loaded first, in a lot before the earlier one's."""


def made(folder: Path) -> Path:
    """The shop's folder, in which a sale is known on the day that its file is named after."""
    make_shop(folder, {})
    known = CLIENT.replace('"sales_*.csv"', '"sales_{received:YYYY-MM-DD}.csv"\n    known-at: {file-name: received}')
    (folder / "client.yaml").write_text(known, encoding="utf-8")
    return folder


def test_files_loaded_in_any_order_give_the_same_books(tmp_path: Path) -> None:
    folders = [made(tmp_path / str(seed)) for seed in SEEDS]
    ruleset, _ = read_ruleset(folders[0] / "shop.tieout")
    assert ruleset is not None
    one, *others = (
        loaded_in(random.Random(seed), folder, ruleset) for seed, folder in zip(SEEDS, folders, strict=True)
    )
    assert all(one[f"FY2026-{period} {name}"] for period in ("P01", "P02") for name in RELATIONS), sorted(one)
    differ = [seed for seed, other in zip(SEEDS[1:], others, strict=True) if other != one]
    promises.reached("P9", "books of two months whose files were loaded in another order", len(others), len(differ))
    assert others[0] == one
    assert differ == []
