"""One spelling of names that come in several, as the feed declares it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml
from sqlglot import exp

from adapters.client.config import Spelling
from adapters.feeds.spelling import spelled
from tests.support.channel_client import FEED, HEAD, Folder

SPELLINGS = {
    "plain": ("{case: upper}", "sn1", "SN1"),
    "left out": ('{without: ["-", " "]}', "S-N 1", "SN1"),
    "prefix": ("{prefixes: [SN-, SN]}", "SNSN1", "SN1"),
    "zeros": ("{leading-zeros: dropped}", "00120", "120"),
    "last digit": ("{check-digit: dropped}", "1037", "103"),
    "check digit": ("{check-digit: luhn}", "79927398713", "7992739871"),
    "all": ("{case: upper, without: -, prefixes: SN, check-digit: luhn, leading-zeros: dropped}", "sn-0-1032", "103"),
    "another check digit": ("{check-digit: luhn}", "79927398710", None),
    "no digits": ("{check-digit: luhn}", "SN18", None),
    "nothing left": ("{prefixes: SN}", "SN", None),
}


@pytest.mark.parametrize(("declared", "written", "value"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_number_that_comes_in_several_spellings_is_kept_in_one(
    declared: str, written: str, value: str | None
) -> None:
    query = exp.select(spelled(exp.Literal.string(written), Spelling.model_validate(yaml.safe_load(declared))))
    with duckdb.connect(":memory:") as connection:
        assert connection.execute(query.sql("duckdb")).fetchall() == [(value,)]


def test_a_number_of_another_check_digit_waits_as_it_was_delivered(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    spelling = "{column: INV, spelling: {check-digit: luhn, leading-zeros: dropped}}"
    folder.configure(FEED.replace("invoice-number: INV", f"invoice-number: {spelling}"))
    folder.take("acme_pos_1.csv", f"{HEAD}\n001032,2026-02-03,X,5\n001033,2026-02-03,X,5\n")
    assert [fact["identity"] for fact in folder.facts("pos-sale")] == ["ACME\x1f103"]
    assert folder.quarantine() == {3: ['invoice-number: "001033" is in no spelling: its check digit is another']}
