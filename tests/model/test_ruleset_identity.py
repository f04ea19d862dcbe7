from __future__ import annotations

import pytest

from dsl.span import Source
from engine.compile import STAGES, check
from engine.model.datatypes import Family
from engine.model.identity import ruleset_hash, schema_of
from engine.model.ruleset import Ruleset
from tests.model.small import OVERLAY, SMALL, planted


def loaded(*texts: str, name: str = "small.tieout") -> Ruleset:
    ruleset, diagnostics = check([(Source(name, text),) for text in texts], STAGES[:2])
    assert ruleset is not None, list(diagnostics)
    return ruleset


def test_schema_asks_for_every_register_and_kind_with_typed_columns() -> None:
    schema = schema_of(loaded(SMALL))
    assert schema.reporting_currency == "USD"
    assert [record.name for record in schema.records] == [
        *("company", "partner", "part", "price-list", "rebate-tier", "holiday"),
        *("shipment", "pos-sale", "pos-return", "count", "price-cut", "opening-line", "spot"),
    ]
    shipment = schema.record("shipment")
    assert shipment is not None
    assert shipment.identity == ("company", "document", "line")
    assert shipment.on == "ship-date"
    assert [column.name for column in shipment.columns] == [
        *("company", "document", "line", "ship-date"),
        *("partner", "part", "quantity", "unit-price", "unit-cost", "bonus"),
    ]
    assert not shipment.column("bonus").required
    assert shipment.column("partner").type.family is Family.REGISTER
    assert shipment.column("unit-price").type.family is Family.PRICE


def test_row_key_adds_the_date_of_history_and_the_start_of_a_band() -> None:
    schema = schema_of(loaded(SMALL))
    keys = {record.name: record.row_key for record in schema.records}
    assert keys["company"] == ("code",)
    assert keys["partner"] == ("code", "date")
    assert keys["price-list"] == ("part", "partner.tier", "date")
    assert keys["rebate-tier"] == ("partner", "from-volume")
    assert keys["pos-sale"] == ("company", "partner", "invoice", "line")


def test_hash_is_that_of_the_words_not_of_the_folder_or_the_line_ends() -> None:
    here = ruleset_hash(loaded(SMALL))
    assert len(here) == 64
    assert ruleset_hash(loaded(SMALL.replace("\n", "\r\n"))) == here
    assert ruleset_hash(loaded(SMALL, name="elsewhere/small.tieout")) == here


@pytest.mark.parametrize(
    "texts",
    [
        (planted(("1.0% |", "1.1% |")),),
        (SMALL, f'{OVERLAY}\namend parameter overhead because "More."\n    add row | 2026-01-01 | 2.0% |\n'),
    ],
)
def test_hash_changes_with_a_figure_and_with_an_overlay(texts: tuple[str, ...]) -> None:
    assert ruleset_hash(loaded(*texts)) != ruleset_hash(loaded(SMALL))


def test_unreadable_text_is_told_alone() -> None:
    ruleset, diagnostics = check([(Source("a.tieout", planted(("amount gross for each", "amount gross for ech"))),)])
    assert ruleset is None
    assert all(one.code.startswith("T0") for one in diagnostics)
