"""`client.yaml`: what is wrong with it is said at its place, with the next action."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.client.check import check_client
from adapters.client.config import client_schema
from adapters.client.loader import ClientFile, read_client
from dsl.diagnostics import Diagnostics
from tests.support.channel_client import FEED, SCHEMA, Folder

GOOD = "client: acme\nruleset: acme.tieout\ncurrency: USD\nfeeds:" + FEED


def problems(folder: Path, text: str) -> list[str]:
    """The findings on a text, as LINE:COLUMN message | help."""
    (folder / "client.yaml").write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    client = read_client(folder, diagnostics, "client.yaml")
    if client is not None:
        check_client(client, SCHEMA, diagnostics)
    return [f"{one.span}"[12:] + f" {one.message} | {one.help}" for one in diagnostics]


def loaded(folder: Path, text: str) -> ClientFile:
    """The client of a sound text."""
    (folder / "client.yaml").write_text(text, encoding="utf-8")
    client = read_client(folder, Diagnostics())
    assert client is not None
    return client


def test_a_sound_client_has_its_folders_and_feeds(tmp_path: Path) -> None:
    client = loaded(tmp_path, GOOD)
    assert client.books == tmp_path / "books"
    assert client.rulesets == (tmp_path / "acme.tieout",)
    assert [feed.name for feed in client.client.feeds] == ["acme-pos"]
    assert client.client.feeds[0].source_columns == ("INV", "DATE", "SKU", "QTY")
    assert problems(tmp_path, GOOD) == []


def test_codes_stay_text(tmp_path: Path) -> None:
    text = GOOD.replace("    fills:", "    codes: {tiers: {007: gold, no: silver}}\n    fills:")
    assert loaded(tmp_path, text).client.feeds[0].codes == {"tiers": {"007": "gold", "no": "silver"}}


FAULTS = {
    "unknown key": ("encoding:", "encodin:", "7:35 unknown key `encodin` | did you mean `encoding`?"),
    "unknown encoding": ("utf-8", "utf-9", "7:45 `utf-9` is not one of utf-8, utf-8-sig, utf-16,"),
    "empty text": ("separator: comma", "separator: ''", "7:28 `separator` is empty"),
    "missing key": ("separator: comma, ", "", "7:16 `separator` is missing"),
    "two origins": (
        "INV",
        "{column: INV, constant: X}",
        "13:25 give exactly one of column, constant, join, file-name,",
    ),
    "record told of": (
        "record: pos-sale",
        "record: delivery",
        "10:15 the ruleset has no feed for `delivery`: the books tell of it themselves | leave it out",
    ),
    "unknown word": ("DATE\n", "{column: D, format: DD/QQ}\n", "14:40 `QQ` in `DD/QQ` is no word of a date format"),
    "no year": ("DATE\n", "{column: D, format: DD/MM}\n", "14:40 `DD/MM` must name year, month and day once each"),
    "twice": ("part: SKU", "part: SKU\n        part: X", "16:9 `part` is given twice | keep one of the two"),
    "pattern": ("USD", "usd", "3:11 `usd` is not of the form ^[A-Z]{3}$"),
    "alias": ("{constant: ACME}", "&a X\n        tier: *a", "13:15 an alias is not read here | write the value out"),
    "brace": ("acme_pos_*.csv", "acme_{day", "6:12 `acme_{day` has a brace that is not `{name}` or"),
    "code map": ("SKU", "{column: SKU, codes: parts}", "5:5 `part` uses the code map `parts`, which the feed does"),
    "name part": ("SKU", "{file-name: part}", "5:5 `part` uses the part `part`, which not every file pattern names"),
    "unknown record": ("pos-sale\n", "pos-sales\n", "10:15 the ruleset has no register or kind `pos-sales` | did you"),
    "unknown column": ("quantity:", "quantty:", "16:9 kind `pos-sale` has no `quantty` | did you mean `quantity`?"),
    "unsupplied": (
        "        quantity: QTY\n",
        "",
        "10:15 nothing supplies `quantity` of `pos-sale` | say under columns",
    ),
    "enumeration": (
        "quantity: QTY",
        "quantity: QTY\n        tier: {constant: golden}",
        "17:15 `tier` cannot be `golden`; it is one of gold, silver",
    ),
    "date": ("DATE", "{constant: 1/1/26}", "14:20 `sale-date` cannot be `1/1/26`; it is a date in YYYY-MM-DD"),
    "not YAML": ("currency: USD", "currency: [", "5:3 not YAML: did not find expected node content"),
}


@pytest.mark.parametrize(("old", "new", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_is_named_at_its_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(one.startswith(expected) for one in found), found


def test_depth_and_size_are_capped(tmp_path: Path) -> None:
    assert "nested more than 32 levels deep" in problems(tmp_path, "[" * 40 + "]" * 40)[0]
    assert "more than 1,000,000 characters" in problems(tmp_path, "#" * 1_000_001)[0]


def test_absent_and_badly_encoded_files_are_said(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    assert read_client(tmp_path, diagnostics) is None
    assert [one.message for one in diagnostics] == ["there is no client.yaml here"]
    (tmp_path / "client.yaml").write_bytes(b"client: caf\xe9\n")
    again = Diagnostics()
    assert read_client(tmp_path, again) is None
    assert [one.message for one in again] == ["not UTF-8 from byte 12 on"]


def test_the_schema_knows_every_key() -> None:
    schema = client_schema()
    assert set(schema["properties"]) == {"client", "ruleset", "books", "incoming", "currency", "feeds"}
    assert {"control-total", "known-at", "only", "otherwise"} <= set(schema["$defs"]["Feed"]["properties"])
    assert schema["$defs"]["Condition"]["additionalProperties"] is False


def test_a_folder_and_its_text_give_the_same_client(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.configure(FEED)
    assert folder.client().client == loaded(tmp_path, GOOD).client
