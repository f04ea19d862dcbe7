from __future__ import annotations

from pathlib import Path

import pytest

from adapters.ruleset_files import SHIPPED, read_ruleset
from tests.support.small_world import SHOP

BASE_ITEMS = SHOP.index("register company")
NAME, VERSION = SHOP.split()[1], SHOP.split()[3]
OVERLAY = f"ruleset over version 1\n    extends {NAME} version {VERSION}\n    owner controller\n"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of rulesets: `small` in two chapters, under a folder of another name."""
    chapters = tmp_path / "shelf" / "base-v1"
    chapters.mkdir(parents=True)
    (chapters / "10-head.tieout").write_text(SHOP[:BASE_ITEMS], encoding="utf-8")
    (chapters / "20-rest.tieout").write_text(SHOP[BASE_ITEMS:], encoding="utf-8")
    return tmp_path / "shelf"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    client = tmp_path / "client"
    client.mkdir()
    (client / "over.tieout").write_text(OVERLAY, encoding="utf-8")
    return client


def messages(path: Path, *search: Path) -> list[tuple[str, str, str]]:
    ruleset, diagnostics = read_ruleset(path, search)
    assert ruleset is None
    return [(one.code, one.message, one.help) for one in diagnostics]


def test_overlay_in_a_folder_lies_on_a_base_in_chapters(shelf: Path, overlay: Path) -> None:
    ruleset, diagnostics = read_ruleset(overlay, [shelf])
    assert list(diagnostics) == []
    assert ruleset is not None
    assert [name for name, _ in ruleset.head.lineage] == [NAME, "over"]
    assert [Path(name).name for name, _ in ruleset.texts] == ["10-head.tieout", "20-rest.tieout", "over.tieout"]


def test_single_file_and_folder_give_the_same_items(shelf: Path, tmp_path: Path) -> None:
    file = tmp_path / "small.tieout"
    file.write_text(SHOP, encoding="utf-8")
    whole, _ = read_ruleset(file)
    chapters, _ = read_ruleset(shelf / "base-v1")
    assert whole is not None
    assert chapters is not None
    assert list(whole.journals) == list(chapters.journals)


def test_shipped_standard_ruleset_is_found_by_its_name(tmp_path: Path) -> None:
    client = tmp_path / "client.tieout"
    client.write_text(
        "ruleset mine version 1\n    extends standard version 1\n    owner technical-accounting\n", encoding="utf-8"
    )
    ruleset, diagnostics = read_ruleset(client)
    assert list(diagnostics.errors) == []
    assert ruleset is not None
    assert [name for name, _ in ruleset.head.lineage] == ["standard", "mine"]
    assert (SHIPPED / "standard").is_dir()


def test_missing_base_is_told_with_the_versions_there_are(shelf: Path, overlay: Path) -> None:
    text = (overlay / "over.tieout").read_text(encoding="utf-8")
    assert messages(overlay) == [
        ("T606", "no ruleset `small` version 1 to extend", "put it among the rulesets, or correct the name")
    ]
    (overlay / "over.tieout").write_text(text.replace("small version 1", "small version 3"), encoding="utf-8")
    assert messages(overlay, shelf) == [("T606", "no ruleset `small` version 3 to extend", "found version 1")]


def test_ruleset_that_extends_itself_is_told_with_the_loop(tmp_path: Path) -> None:
    for name, base in (("one", "two"), ("two", "one")):
        text = f"ruleset {name} version 1\n    extends {base} version 1\n    owner x\nrole x\n"
        (tmp_path / f"{name}.tieout").write_text(text, encoding="utf-8")
    assert messages(tmp_path / "one.tieout", tmp_path) == [
        ("T606", "`one` extends itself: one -> two -> one", "let the lowest text extend nothing")
    ]


def test_missing_ruleset_and_empty_folder_are_told(tmp_path: Path) -> None:
    [(code, message, help_text)] = messages(tmp_path / "nowhere.tieout")
    assert (code, help_text) == ("T606", "name a .tieout file, or a folder that holds one")
    assert message.startswith("no ruleset here: ")
    assert messages(tmp_path)[0][1].startswith("no ruleset in this folder: ")


def test_text_that_is_not_utf8_is_told_with_its_byte(tmp_path: Path) -> None:
    (tmp_path / "a.tieout").write_bytes(b"ruleset a version 1\n    owner x\n# caf\xe9\n")
    [(code, message, help_text)] = messages(tmp_path)
    assert (code, help_text) == ("T015", "save it as UTF-8")
    assert message.endswith("a.tieout is not UTF-8: byte 38 cannot be read")
