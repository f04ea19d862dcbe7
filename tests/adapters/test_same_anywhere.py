"""What is approved is the same wherever somebody stands and wherever the client's folder lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.cli.material import require_material
from adapters.ruleset_files import SHIPPED, read_ruleset, read_texts
from tests.support.shop_client import make_shop


def test_a_version_does_not_depend_on_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(tmp_path / "here" / "shop", {})
    moved = shutil.copytree(shop, tmp_path / "elsewhere" / "corner")
    versions = {require_material(shop).version, require_material(moved).version}
    for place in (tmp_path, shop, Path("/")):
        monkeypatch.chdir(place)
        versions.add(require_material(shop).version)
    assert len(versions) == 1


def test_texts_of_a_base_are_kept_below_its_name_and_can_be_read_again() -> None:
    ruleset, _ = read_ruleset(SHIPPED / "with-concessions", (SHIPPED,))
    assert ruleset is not None
    names = [name for name, _ in ruleset.texts]
    assert len(set(names)) == len(names)
    assert any(name.startswith("standard/") for name in names)
    again, diagnostics = read_texts(dict(ruleset.texts))
    assert again is not None, [one.message for one in diagnostics.errors]
    assert (again.head.name, again.head.version) == (ruleset.head.name, ruleset.head.version)
