from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from adapters.wording import counted, decimals, figure, plain, plural, visible


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    unit_price: Decimal


def test_counts_and_figures_are_read_aloud() -> None:
    assert [counted(1, "row"), counted(1204, "row"), counted(0, "entry", "entries")] == [
        "1 row",
        "1,204 rows",
        "0 entries",
    ]
    assert [figure(Decimal("-1204.5"), 2), figure(Decimal("0.00"), 2), figure(Decimal("-0"), 0)] == [
        "-1,204.50",
        "-",
        "-",
    ]


def test_a_column_has_as_many_decimals_as_it_needs() -> None:
    assert decimals([Decimal("1.500"), None, Decimal("2")]) == 1
    assert decimals([Decimal("1E+3"), Decimal("0.000")]) == 0
    assert decimals([]) == 0


def test_nothing_reaches_a_terminal_that_it_would_act_upon() -> None:
    assert visible("a\x1b[2J\tb\r\nc\u202e") == "a·[2J b  c·"
    assert visible("Électro 株式会社") == "Électro 株式会社"


def test_values_become_json_without_a_float() -> None:
    found = plain(
        {"day": date(2026, 1, 31), "colour": Colour.RED, "inner": (Inner(Decimal("1E+2")),), "no": None, "yes": True}
    )
    assert found == {"day": "2026-01-31", "colour": "red", "inner": [{"unit-price": "100"}], "no": None, "yes": True}
    assert json.loads(json.dumps(found), parse_float=lambda _: "float") == found


def test_the_plural_of_a_key() -> None:
    assert [plural(one) for one in ("part", "batch", "category", "key")] == ["parts", "batches", "categories", "keys"]
