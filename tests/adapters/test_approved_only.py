"""What runs is what was approved: a changed byte of the rules or of client.yaml is another version."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from adapters.books.errors import NotAllowed
from adapters.cli.faults import RefusedError
from adapters.cli.material import require_material
from engine.governance import acts
from tests.support.governed_shop import governed_shop
from tests.support.promises import reached, trials


def _changed(text: bytes, draw: random.Random) -> bytes:
    """A text with one byte more, less or another."""
    at = draw.randrange(len(text))
    form = draw.randrange(3)
    if form == 0:
        return text[:at] + text[at + 1 :]
    byte = bytes([draw.choice(b" 0123456789abcxyz.,#-")])
    return text[:at] + byte + text[at + (form == 1) :]


def test_no_changed_byte_of_what_was_approved_runs(tmp_path: Path) -> None:
    shop = governed_shop(tmp_path / "shop")
    draw = random.Random(1)
    unread = other = ran = tried = 0
    with shop.acting("jonas") as books:
        books.require(acts.Loaded("a.csv", require_material(shop.folder).version))
        for _ in range(trials(1000, per_commit=24)):
            path = shop.folder / draw.choice(("shop.tieout", "client.yaml"))
            text = path.read_bytes()
            changed = _changed(text, draw)
            if changed == text:
                continue
            tried += 1
            path.write_bytes(changed)
            try:
                books.require(acts.Loaded("a.csv", require_material(shop.folder).version))
                ran += 1
            except RefusedError:
                unread += 1
            except NotAllowed:
                other += 1
            finally:
                path.write_bytes(text)
    assert ran == 0
    assert other > 0, "some are rules that read, and are still not those that were approved"
    assert unread + other == tried
    reached("P18", "changed bytes of rules and client.yaml", tried, ran, not_read_at_all=unread)


def test_a_period_is_not_frozen_by_rules_that_hold_from_a_later_day(tmp_path: Path) -> None:
    shop = governed_shop(tmp_path / "shop")
    with shop.acting("omar") as books, pytest.raises(NotAllowed, match="approved already, from 2026-01-01"):
        books.record("rules", acts.RulesApproved(shop.version, "2027-01-01", "", "later"))
    with shop.acting("ana") as books:
        assert books.state.in_force("2025-12-01") is None
        held = books.state.in_force("2026-01-01")
        assert held is not None
        assert held.id == shop.version
