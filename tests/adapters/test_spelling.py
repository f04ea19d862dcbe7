"""One spelling of names that come in several, as the feed declares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.channel_client import FEED, HEAD, Folder

SPELLINGS = {
    "plain": ("{case: upper}", "sn1", "SN1"),
    "left out": ('{without: ["-", " "]}', "S-N 1", "SN1"),
    "prefix": ("{prefixes: [SN-, SN]}", "SNSN1", "SN1"),
    "zeros": ("{leading-zeros: dropped}", "00120", "120"),
    "last digit": ("{check-digit: dropped}", "1037", "103"),
    "check digit": ("{check-digit: luhn}", "79927398713", "7992739871"),
    "all": ("{case: upper, without: -, prefixes: SN, check-digit: luhn, leading-zeros: dropped}", "sn-0-1032", "103"),
    "another check digit": ("{check-digit: luhn}", "79927398710", "is in no spelling: its check digit is another"),
    "no digits": ("{check-digit: luhn}", "SN18", "is in no spelling: its check digit is another"),
    "nothing left": ("{prefixes: SN}", "SN", "is in no spelling: nothing is left of it"),
}


@pytest.mark.parametrize(("declared", "written", "value"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_number_that_comes_in_several_spellings_is_kept_in_one(
    tmp_path: Path, declared: str, written: str, value: str
) -> None:
    folder = Folder(tmp_path)
    folder.configure(FEED.replace("invoice-number: INV", f"invoice-number: {{column: INV, spelling: {declared}}}"))
    folder.take("acme_pos_1.csv", f"{HEAD}\n{written},2026-02-03,X,5\n")
    if value.startswith("is in"):
        assert folder.quarantine() == {2: [f'invoice-number: "{written}" {value}']}
    else:
        assert [fact["identity"] for fact in folder.facts("pos-sale")] == [f"ACME\x1f{value}"]
