from __future__ import annotations

from pathlib import Path

import pytest

from adapters.client.loader import read_client
from dsl.diagnostics import Diagnostics
from dsl.format import format_source
from dsl.span import Source
from tests.support.commands import Tieout
from tests.support.shop_client import RULESET

OVERLAY = "ruleset above version 1\n    extends shop version 1\n    owner controller\n"


def test_a_sound_client_is_counted_with_its_warnings(tieout: Tieout, shop: Path) -> None:
    (shop / "shop.tieout").write_text(f'{RULESET}citation loose "ASC 606"\n', encoding="utf-8")
    outcome = tieout("check")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("warning[W701] shop.tieout:")
    assert "\n1 warning in 2 files, 30 rules, " in outcome.out


def test_every_fault_is_shown_at_its_place_with_what_to_do(tieout: Tieout, shop: Path) -> None:
    text = RULESET.replace("credit product-revenue", "credit product-revenu").replace("needs reported", "needs reportd")
    (shop / "shop.tieout").write_text(text, encoding="utf-8")
    outcome = tieout("check")
    assert (outcome.code, outcome.err) == (1, "")
    assert "shop.tieout:50:11  " in outcome.out
    assert "    |       ^^^^^^^" in outcome.out
    assert "did you mean `product-revenue`" in outcome.out
    assert "\n2 errors in 2 files, " in outcome.out


def test_the_same_as_values(tieout: Tieout, shop: Path) -> None:
    (shop / "shop.tieout").write_text(RULESET.replace("needs reported", "needs reportd"), encoding="utf-8")
    values = tieout("check", "--format", "json").values
    assert (values["errors"], values["warnings"], values["files"]) == (1, 0, 2)
    [diagnostic] = values["diagnostics"]
    assert (diagnostic["file"], diagnostic["line"], diagnostic["underlined"]) == ("shop.tieout", 50, "reportd")


def test_client_yaml_is_held_against_the_ruleset(tieout: Tieout, shop: Path) -> None:
    path = shop / "client.yaml"
    path.write_text(path.read_text("utf-8").replace("record: sale", "record: sales"), encoding="utf-8")
    outcome = tieout("check")
    assert outcome.code == 1
    assert "the ruleset has no register or kind `sales`" in outcome.out
    assert "did you mean `sale`?" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "nowhere"), "no ruleset here: nowhere"),
        (("check", "empty"), "no ruleset in this folder: empty"),
        (("test", "nowhere"), "no ruleset here: nowhere"),
        (("format", "nowhere"), "there is no nowhere"),
        (("format", "empty"), "there are no rules in empty"),
    ],
)
def test_a_ruleset_that_is_missing(tieout: Tieout, shop: Path, arguments: tuple[str, ...], words: str) -> None:
    (shop / "empty").mkdir()
    outcome = tieout(*arguments)
    assert outcome.code == 1
    assert words in outcome.out + outcome.err
    assert "name a .tieout file" in outcome.out + outcome.err or "check the name" in outcome.err


def test_a_client_whose_ruleset_is_missing_loads_nothing(tieout: Tieout, shop: Path) -> None:
    (shop / "shop.tieout").unlink()
    outcome = tieout("load")
    assert (outcome.code, outcome.out) == (1, "")
    assert "no ruleset here: shop.tieout" in outcome.err
    assert not (shop / "books").exists()


def test_a_base_that_is_missing(tieout: Tieout, shop: Path) -> None:
    (shop / "above.tieout").write_text(OVERLAY.replace("shop version 1", "shop version 7"), encoding="utf-8")
    outcome = tieout("check", "above.tieout")
    assert outcome.code == 1
    assert "above.tieout:2:13  no ruleset `shop` version 7 to extend" in outcome.out
    assert "found version 1" in outcome.out


def test_rulesets_that_extend_each_other(tieout: Tieout, shop: Path) -> None:
    (shop / "above.tieout").write_text(OVERLAY, encoding="utf-8")
    text = RULESET.replace("version 1\n", "version 1\n    extends above version 1\n", 1)
    (shop / "shop.tieout").write_text(text, encoding="utf-8")
    for command in (("check",), ("load",), ("close", "FY2026-P01")):
        outcome = tieout(*command)
        assert outcome.code == 1
        assert "extends itself: " in outcome.out + outcome.err
    assert not (shop / "books").exists()


def test_text_that_is_not_utf_8(tieout: Tieout, shop: Path) -> None:
    (shop / "shop.tieout").write_bytes(RULESET.replace("Trade", "Tr\xe4de").encode("cp1252"))
    for command in ("check", "format"):
        outcome = tieout(command, "shop.tieout")
        assert outcome.code == 1
        assert "shop.tieout is not UTF-8" in outcome.out + outcome.err


def test_format_rewrites_what_is_not_canonical_and_names_it(tieout: Tieout, shop: Path) -> None:
    path = shop / "shop.tieout"
    canonical = format_source(Source("shop.tieout", RULESET))
    assert format_source(Source("shop.tieout", canonical)) == canonical
    path.write_text(canonical.replace("    owner controller", "    owner   controller # me", 1), encoding="utf-8")
    path.chmod(0o640)
    before = path.read_bytes()
    checked = tieout("format", "--check", ".")
    assert (checked.code, checked.out) == (1, "shop.tieout\n1 file of 1 would be rewritten\n")
    assert path.read_bytes() == before
    written = tieout("format", ".")
    assert (written.code, written.out) == (0, "shop.tieout\n1 file of 1 rewritten\n")
    assert "    owner controller" in path.read_text("utf-8")
    assert "# me" in path.read_text("utf-8")
    assert path.stat().st_mode & 0o777 == 0o640
    again = tieout("format", "--check", "shop.tieout", "--format", "json")
    assert (again.code, again.values) == (0, {"changed": [], "files": 1, "written": False})
    assert sorted(one.name for one in shop.iterdir()) == ["client.yaml", "incoming", "shop.tieout"]


def test_the_schema_is_one_for_editors(tieout: Tieout) -> None:
    outcome = tieout("schema")
    assert outcome.code == 0
    assert outcome.values["title"] == "client.yaml"
    assert "ruleset" in outcome.values["required"]


def test_examples_hold_or_show_each_cell_that_differs(tieout: Tieout, shop: Path) -> None:
    held = tieout("test")
    assert (held.code, held.out.startswith("1 of 1 example hold")) == (0, True)
    (shop / "shop.tieout").write_text(RULESET.replace("product-revenue  | 20.00", "product-revenue  | 21.00"), "utf-8")
    failed = tieout("test")
    assert failed.code == 1
    assert "✗ shop.tieout:" in failed.out
    assert "two of three units are sold" in failed.out
    assert "21.00" in failed.out
    assert "0 of 1 example hold" in failed.out
    values = tieout("test", "--format", "json").values
    assert (values["examples"], values["failed"], values["results"][0]["passed"]) == (1, 1, False)
    assert tieout("test", "--only", "nothing like it").out == "no examples to run\n"


def test_init_makes_a_client_that_checks_clean(tieout: Tieout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = tieout("init", "clients/Acme EMEA", "--currency", "EUR")
    assert (made.code, made.err) == (0, "")
    folder = tmp_path / "clients" / "Acme EMEA"
    assert sorted(one.name for one in folder.iterdir()) == ["acme-emea.tieout", "client.yaml", "incoming"]
    client = read_client(folder, Diagnostics())
    assert client is not None
    assert (client.client.client, client.client.currency) == ("Acme EMEA", "EUR")
    assert [one.name for one in folder.parent.iterdir()] == ["Acme EMEA"]
    again = tieout("init", "clients/Acme EMEA")
    assert (again.code, again.out) == (1, "")
    assert "is there already, nothing was written" in again.err
    assert tieout("init", "other", "--currency", "euro").code == 2
    assert not (tmp_path / "other").exists()
