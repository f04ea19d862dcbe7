"""A line that brings a balance to a value leads to what it read and to every row under its sums."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.commands import Tieout
from tests.support.shared import ROOT

RULES = ROOT / "features" / "rulesets" / "programmes"
FILES = {
    "partners_1.csv": "partner\nDATATECH\n",
    "programmes_1.csv": "programme,partner,starts,ends\nVOLUME,DATATECH,2026-01-01,2026-12-31\n",
    "tiers_1.csv": "programme,from unit,rebate a unit\nVOLUME,1,0\nVOLUME,601,48\n",
    "sales_1.csv": "invoice,date,partner,quantity,unit price\nQ1,2026-01-31,DATATECH,75,480\n",
    "outlooks_1.csv": "programme,date,units foreseen\nVOLUME,2026-01-31,500\n",
}
LATER = {
    "sales_2.csv": "invoice,date,partner,quantity,unit price\nQ2,2026-02-20,DATATECH,225,480\n",
    "outlooks_2.csv": "programme,date,units foreseen\nVOLUME,2026-02-28,700\n",
}


def closed_seller(folder: Path, tieout: Tieout) -> str:
    """A seller that closed January for good and February on trial; its folder."""
    (folder / "incoming").mkdir()
    described = (RULES / "client.yaml").read_text("utf-8")
    rulesets = json.dumps([str(RULES), str(RULES / "retrospective-discount.tieout")])
    (folder / "client.yaml").write_text(f"ruleset: {rulesets}\n{described}", "utf-8")
    for files, day, close in ((FILES, "2026-02-01", ("FY2026-P01", "--hard")), (LATER, "2026-03-01", ("FY2026-P02",))):
        for name, content in files.items():
            (folder / "incoming" / name).write_text(content, "utf-8")
        assert tieout("load", "--on", day, "--client", str(folder)).code == 0
        assert tieout("close", *close, "--client", str(folder)).code == 0
    return str(folder)


def test_a_true_up_leads_to_what_it_read_and_to_every_row_under_its_sums(tmp_path: Path, tieout: Tieout) -> None:
    seller = closed_seller(tmp_path, tieout)
    found = tieout("explain", "JL-FY2026-P02-000001", "--client", seller, "--format", "json").values
    assert (found["line"]["role"], found["line"]["amount"]) == ("rebate-liability", "14400.00")
    assert {one["name"]: one["value"] for one in found["amounts"]} == {
        "rebate-right": "14400.00",
        "bought": "300.000",
        "foreseen": "700.000",
        "last-outlook": "700.000",
        "balance of rebate-liability": "0.00",
    }
    [summed] = found["summed"]
    assert (summed["kind"], summed["total"], summed["count"]) == ("bill", "300.000", 2)
    assert [(one["value"], one["raw"]["file"], one["raw"]["row"]) for one in summed["facts"]] == [
        ("225.000", "sales_2.csv", 2),
        ("75.000", "sales_1.csv", 2),
    ]
    said = tieout("explain", "JL-FY2026-P02-000001", "--client", seller).out
    for part in (
        "true up rebate-liability to rebate-right, offset to product-revenue",
        "bought is sum of bought-under since programme.starts through programme.ends = 300.00",
        "balance of rebate-liability is what was booked before = 0.00",
        "sales_1.csv row 2  Q1,2026-01-31,DATATECH,75,480",
    ):
        assert part in said
    event = tieout("explain", "JL-FY2026-P02-000003", "--client", seller, "--format", "json").values
    assert (event["line"]["journal"], event["summed"]) == ("sell", [])
