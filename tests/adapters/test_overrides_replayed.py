"""A closed period that is replayed for a late fact takes the override that its close knew.

ACME is sent 100 units at 25.00 and reports 3 sold, so 97 are expected; it counts 40. Overridden to 95, two are missing
and count as sold: 3 x 25.00 + 2 x 25.00 = 125.00. In February a sale of January becomes known: 96 are expected, one is
missing, so five are sold as before, and January's revenue stays what it was. Without the override the replay would come
to 4 x 25.00, and February would take 25.00 back.
"""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from adapters.books import identity
from adapters.books.chain import ruleset_hash
from adapters.books.store import open_books
from adapters.cli.main import main
from adapters.cli.material import require_material
from engine.governance import acts
from tests.support import promises
from tests.support.shop_client import MASTERS, RULESET, SALES_HEAD, make_shop

FILES = {
    "masters_1.csv": MASTERS,
    "shipments_1.csv": "No,Partner,Part,Units,Price,Date\nS-1,ACME,X100,100,25.00,2026-01-05\n",
    "sales_1.csv": f"{SALES_HEAD}P-1,ACME,X100,3,2026-01-20\n",
    "counts_1.csv": "Partner,Part,Units,Date\nACME,X100,40,2026-01-31\n",
}
LATE = f"{SALES_HEAD}P-9,ACME,X100,1,2026-01-25\n"
ROLES = {
    "ruth": ("rule-author",),
    "otto": ("rule-approver",),
    "ana": ("preparer",),
    "ben": ("reviewer", "controller"),
    "cleo": ("controller",),
}


def found_people(folder: Path) -> None:
    """The books name people, and the rules in the folder hold."""
    material = require_material(folder)
    rules, version = material.ruleset, material.version
    done: dict[str, tuple[acts.Act, ...]] = {
        "ada": (
            acts.Founded("ada", "Ada", "ada"),
            *(acts.PersonAdded(person, person, person) for person in ROLES),
            *(acts.RoleGranted(person, role) for person, held in ROLES.items() for role in held),
        ),
        "ruth": (acts.RulesDrafted(version, ruleset_hash(dict(rules.texts)), "shop", (), "first"),),
        "otto": (acts.RulesReviewed(version, "read"), acts.RulesApproved(version, "2020-01-01", "", "holds")),
    }
    for person, own in done.items():
        with open_books(folder / "books", write=True, create=True, actor=person, policy=material.policy) as books:
            books.record("people", *own)


@pytest.mark.skipif(promises.SCALE == "commit", reason="nine runs of a period: with the nightly trials")
def test_a_replay_takes_the_override_that_the_close_knew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(tmp_path / "shop", FILES)
    recomputes = RULESET.replace("catch up in the open period", "recompute from their date")
    (shop / "shop.tieout").write_text(recomputes, encoding="utf-8")
    found_people(shop)

    def tieout(person: str, *words: str) -> Any:
        monkeypatch.setattr(identity, "system_user", lambda: person)
        out = io.StringIO()
        with redirect_stdout(out):
            code = main([*words, "--client", str(shop), "--format", "json"])
        assert code == 0, out.getvalue()
        return json.loads(out.getvalue())

    def revenue(closing: Any) -> str:
        return next((one["credit"] for one in closing["journal"] if one["account"] == "4010"), "0")

    tieout("ana", "load", "--on", "2026-02-02")
    assert revenue(tieout("ana", "close", "FY2026-P01")) == "75.00"
    words = ("siso", "partner=ACME", "reported=95", "--reason", "recount", "--comment", "counted again")
    tried = tieout("ana", "override", "propose", "FY2026-P01", *words, "--dry-run")
    assert (tried["recorded"], tieout("ana", "override", "list")["overrides"]) == (False, [])
    proposed = tieout("ana", "override", "propose", "FY2026-P01", *words, "--yes")
    assert proposed == {**tried, "recorded": True}
    tieout("ben", "override", "approve", proposed["override"], "--comment", "seen")
    assert revenue(tieout("ana", "close", "FY2026-P01")) == "125.00"
    tieout("ana", "close", "FY2026-P01", "--request", "--comment", "all in")
    closed = tieout("cleo", "close", "FY2026-P01", "--approve")
    assert (closed["kind"], [one["value"] for one in closed["overrides"]]) == ("hard close", ["95"])
    (shop / "incoming" / "sales_2.csv").write_text(LATE, encoding="utf-8")
    tieout("ana", "load", "--on", "2026-02-20")
    february = tieout("ana", "close", "FY2026-P02")
    assert february["replayed"]["periods"] == ["FY2026-P01"]
    assert (revenue(february), february["overrides"]) == ("0", [])
    standing = tieout("ana", "override", "list")["overrides"]
    assert [one["state"] for one in standing] == ["lapsed"]
