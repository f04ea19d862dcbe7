"""What the books tell of deliveries, where a file is not one partner's alone or speaks of several periods."""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from engine.plan.relation import column, table
from tests.support.small_world import HEAD, SmallWorld, small_world

RULES = (
    HEAD
    + """\
terms
    number, file are text
    delivered is one of sale
    first-day, last-day, received-on, sale-date are dates
    rows, corrected-rows, refused-rows are numbers
register partner identified by code
terms
    code is text
kind sale moves nothing on sale-date identified by number
    has partner
kind visit moves nothing on sale-date identified by number
    has partner
kind delivery tells of deliveries on last-day identified by partner, delivered, file, last-day
    has first-day, received-on, rows, corrected-rows, refused-rows
close fiscal
    hard close needs every step
"""
)

SALES: list[dict[str, object]] = [
    {"number": "1", "partner": "ACME", "sale-date": "2026-01-05", "source-file": "alone", "known-at": "2026-01-31"},
    {"number": "2", "partner": "ACME", "sale-date": "2026-01-09", "source-file": "alone", "known-at": "2026-01-31"},
    {"number": "3", "partner": "ACME", "sale-date": "2026-01-05", "source-file": "shared", "known-at": "2026-01-31"},
    {"number": "4", "partner": "BETA", "sale-date": "2026-01-06", "source-file": "shared", "known-at": "2026-01-31"},
    {"number": "5", "sale-date": "2026-01-06", "source-file": "nobody", "known-at": "2026-01-31"},
]
LATER: list[dict[str, object]] = [
    {"number": "2", "partner": "ACME", "sale-date": "2026-01-08", "source-file": "late", "known-at": "2026-02-04",
     "version": 2},
    {"number": "6", "partner": "ACME", "sale-date": "2026-02-03", "source-file": "late", "known-at": "2026-02-04"},
]  # fmt: skip
REFUSED = {"alone": 2, "shared": 3, "nobody": 1, "late": 4, "lost": 7}
SHOWN = ("partner", "file", "first-day", "last-day", "rows", "corrected-rows", "refused-rows")


def told(world: SmallWorld) -> list[tuple[str, ...]]:
    """Deliveries in words, days without their year."""
    found = world.rows("delivery", *SHOWN)
    return [
        tuple(f"{one.normalize():f}" if isinstance(one, Decimal) else str(one)[-10:] for one in row.values())
        for row in found
    ]


def test_refused_rows_are_those_of_files_that_one_partner_sent() -> None:
    """Whose the refused rows of a shared file are is not known; a file without a partner or a fact is nobody's."""
    visits = [{"number": "9", "partner": "BETA", "sale-date": "2026-01-07", "source-file": "alone"}]
    world = small_world(RULES, {"sale": SALES, "visit": visits}, refused=REFUSED)
    assert told(world) == [
        ("ACME", "alone", "2026-01-05", "2026-01-09", "2", "0", "2"),
        ("ACME", "shared", "2026-01-05", "2026-01-05", "1", "0", "0"),
        ("BETA", "shared", "2026-01-06", "2026-01-06", "1", "0", "0"),
    ]


def test_rows_that_were_mended_here_are_no_delivery() -> None:
    """Row 7 was refused in `alone` and came back in a file of ours: a refused row of ACME, not a file of it."""
    mended = {
        "number": "7",
        "partner": "ACME",
        "sale-date": "2026-01-09",
        "source-file": "ours",
        "known-at": "2026-01-31",
    }
    world = small_world(RULES, {"sale": [*SALES[:2], mended]}, refused={"alone": 1, "ours": None})
    assert told(world) == [("ACME", "alone", "2026-01-05", "2026-01-09", "2", "0", "1")]


def test_what_a_file_says_of_a_closed_period_is_told_apart() -> None:
    """Only what was not counted before: a correction of January, and a sale of February, in one file."""
    january = small_world(RULES, {"sale": SALES}, refused=REFUSED)
    february = small_world(RULES, {"sale": [*SALES, *LATER]}, "FY2026-P02", before=january, refused=REFUSED, shuffled=1)
    assert told(february) == [
        ("ACME", "late", "2026-01-08", "2026-01-08", "1", "1", "0"),
        ("ACME", "late", "2026-02-03", "2026-02-03", "1", "0", "4"),
    ]


def test_reports_of_every_book_read_what_is_told() -> None:
    """A card is a report like any other: it stands in each book, and what it reads is told once, for all of them."""
    rules = (
        RULES
        + """\
book main posts
book view never posts
amount said for each partner, period is sum of delivery.rows
report card for each partner, period
    shows said
"""
    )
    world = small_world(rules, {"sale": SALES})
    [view] = world.run.books
    query = exp.select(column("partner"), column("said")).from_(table("report card")).order_by(column("partner"))
    for book in (world.run, view):
        assert book.world.executor.rows(query) == [("ACME", Decimal(3)), ("BETA", Decimal(1))]
