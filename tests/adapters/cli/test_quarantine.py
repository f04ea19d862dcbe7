"""Rows in quarantine: found again, given out to be mended in a spreadsheet, taken back in; none lost, none twice."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.books.store import open_books
from adapters.cli.main import main
from tests.support.channel_client import rows_of
from tests.support.commands import Tieout
from tests.support.shop_client import JANUARY, SALES, make_shop

BAD = SALES + (
    "P-3,ACME,X999,1,2026-01-21\n"  # line 4: an unknown part
    "P-4,ACME,X100,one,2026-01-22\n"  # line 5: no number
    "=1+1,ACME,X200,1,soon\n"  # line 6: no date, and a number of its own that a spreadsheet would work out
    "P-6,ACME,X100,1\n"  # line 7: a cell is missing
)
MENDED = {"part": {"Part": "X100"}, "number": {"Units": "1"}, "date": {"Date": "2026-01-23"}}

Rows = list[dict[str, str]]


def read(path: Path) -> Rows:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def write(path: Path, rows: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def exported(tieout: Tieout, shop: Path, mend: Callable[[Rows], Rows], name: str = "mend.csv") -> Path:
    """An export of the rows that wait, changed by a person."""
    assert tieout("quarantine", "export", name).code == 0
    write(shop / name, mend(read(shop / name)))
    return shop / name


def mended(rows: Rows) -> Rows:
    part, number, date, _ = rows
    return [{**part, **MENDED["part"]}, {**number, **MENDED["number"]}, {**date, **MENDED["date"]}]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose books hold January, four rows of its sales in quarantine."""
    folder = make_shop(tmp_path_factory.mktemp("loaded") / "shop", {**JANUARY, "sales_2026-01.csv": BAD})
    assert main(["load", "--client", str(folder), "--on", "2026-02-02"]) == 1
    return folder


@pytest.fixture
def shop(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which the test stands in."""
    for path in loaded.parent.iterdir():
        if path.is_dir():
            shutil.copytree(path, tmp_path / path.name)
        else:
            shutil.copy(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path / loaded.name)
    return tmp_path / loaded.name


def facts(shop: Path) -> dict[str, dict[str, Any]]:
    with open_books(shop / "books", write=False) as books:
        return {row["number"]: row for path in books.fact_files("sale") for row in rows_of(path)}


def publications(shop: Path) -> int:
    with open_books(shop / "books", write=False) as books:
        return len(books.ledger.audit_events())


def states(tieout: Tieout) -> list[tuple[str, int, str]]:
    rows = tieout("quarantine", "list", "--state", "all", "--format", "json").values["rows"]
    return [(row["file"], row["row"], row["state"]) for row in rows]


def test_rows_are_chosen_by_feed_file_and_reason(tieout: Tieout, shop: Path) -> None:
    chosen = {
        (): 4,
        ("--feed", "sales"): 4,
        ("--feed", "counts"): 0,
        ("--file", "sales_2026-01.csv", "--reason", "is not a"): 3,
        ("--file", "sales_2026-02.csv"): 0,
        ("--reason", "4 cells"): 1,
    }
    found = {words: tieout("quarantine", "list", *words, "--format", "json").values["count"] for words in chosen}
    assert found == chosen
    assert "no row waits that is asked for" in tieout("quarantine", "export", "x.csv", "--feed", "counts").err
    assert not (shop / "x.csv").exists()


def test_an_export_has_the_shape_of_the_feed_and_says_why_each_row_waits(tieout: Tieout, shop: Path) -> None:
    assert tieout("quarantine", "export", "mend.csv").code == 0
    rows = read(shop / "mend.csv")
    own = ["tieout-row", "tieout-file", "tieout-line", "tieout-why", "tieout-as-delivered"]
    assert list(rows[0]) == ["No", "Partner", "Part", "Units", "Date", *own]
    assert [row["tieout-line"] for row in rows] == ["4", "5", "6", "7"]
    assert {row["tieout-file"] for row in rows} == {"sales_2026-01.csv"}
    assert rows[1]["tieout-why"] == 'quantity: "one" is not a number written with "." before decimals'
    assert (rows[2]["No"], rows[2]["tieout-as-delivered"]) == ("'=1+1", "'=1+1,ACME,X200,1,soon")
    # What cannot be cut into the feed's columns is not guessed: the person fills them from the text as delivered.
    assert [rows[3][name] for name in ("No", "Partner", "Part", "Units", "Date")] == [""] * 5
    assert rows[3]["tieout-as-delivered"] == "P-6,ACME,X100,1"


def test_mended_rows_become_facts_and_wait_no_longer(tieout: Tieout, shop: Path) -> None:
    exported(tieout, shop, mended)
    done = tieout("quarantine", "resubmit", "mend.csv", "--on", "2026-02-05", "--format", "json")
    [file] = done.values["files"]
    assert (done.code, file["feed"]) == (0, "sales")
    assert (file["received"], file["accepted"], file["quarantined"]) == (3, 3, 0)
    assert [(total["received"], total["accepted"]) for total in file["totals"]] == [("3", "3")]
    found = facts(shop)
    assert {"P-3", "P-4", "=1+1"} <= found.keys()
    assert (found["=1+1"]["part"], found["=1+1"]["known-at"].isoformat()) == ("X200", "2026-02-05")
    first = "sales_2026-01.csv"
    assert states(tieout) == [(first, at, "resubmitted") for at in (4, 5, 6)] + [(first, 7, "waiting")]
    listed = tieout("quarantine", "list").out
    assert "1 row in quarantine, 3 more resubmitted" in listed
    assert "sales_2026-01.csv    7" in listed
    assert "resubmitted: mend.csv:3, accepted" in tieout("quarantine", "list", "--state", "all").out


def test_a_row_that_still_cannot_be_read_waits_again_and_can_be_mended_again(tieout: Tieout, shop: Path) -> None:
    exported(tieout, shop, lambda rows: [{**rows[0], "Part": "X998"}])
    again = tieout("quarantine", "resubmit", "mend.csv", "--format", "json")
    [file] = again.values["files"]
    assert (again.code, file["received"], file["accepted"], file["quarantined"]) == (1, 1, 0, 1)
    assert ("sales_2026-01.csv", 4, "resubmitted") in states(tieout)
    assert ("mend.csv", 2, "waiting") in states(tieout)
    assert len(states(tieout)) == 5
    rows = read(exported(tieout, shop, lambda rows: [one for one in rows if one["Part"] == "X998"], "second.csv"))
    # The export still names the file and line that the row came from at first, and its text as it came.
    assert [(row["tieout-file"], row["tieout-line"]) for row in rows] == [("sales_2026-01.csv", "4")]
    assert rows[0]["tieout-as-delivered"] == "P-3,ACME,X999,1,2026-01-21"
    write(shop / "second.csv", [{**rows[0], "Part": "X100"}])
    assert tieout("quarantine", "resubmit", "second.csv").code == 0
    assert facts(shop)["P-3"]["part"] == "X100"
    assert [state for file, row, state in states(tieout) if (file, row) == ("mend.csv", 2)] == ["resubmitted"]


def test_no_row_is_taken_twice(tieout: Tieout, shop: Path) -> None:
    exported(tieout, shop, mended)
    assert tieout("quarantine", "resubmit", "mend.csv").code == 0
    before, taken = publications(shop), facts(shop)
    (shop / "renamed.csv").write_bytes((shop / "mend.csv").read_bytes())
    for name in ("mend.csv", "renamed.csv"):
        again = tieout("quarantine", "resubmit", name)
        assert (again.code, "same content as mend.csv" in again.out) == (0, True)
    rows = read(shop / "mend.csv")
    write(shop / "other.csv", [{**rows[0], "No": "P-99"}])
    other = tieout("quarantine", "resubmit", "other.csv")
    assert other.code == 1
    assert "refused other.csv:2: sales_2026-01.csv:4 was resubmitted before, as line 2 of mend.csv" in other.out
    assert (publications(shop), facts(shop)) == (before, taken)


REFUSED: dict[str, tuple[Callable[[Rows], Rows], str]] = {
    "the same row twice": (lambda rows: [rows[0], {**rows[0], "No": "P-9"}], ":3: sales_2026-01.csv:4 is in it twice"),
    "a row of nobody": (
        lambda rows: [{**rows[0], "tieout-row": "sales/0123456789ab/4"}],
        ':2: tieout-row is "sales/0123456789ab/4", which is no row in quarantine',
    ),
    "another feed": (lambda rows: [{**rows[0], "tieout-row": "x/1/4"}], ": tieout-row does not name rows of one feed"),
    "no rows": (lambda rows: [dict.fromkeys(rows[0], "")], ": tieout-row does not name rows of one feed"),
    "no column of rows": (
        lambda rows: [{name: cell for name, cell in rows[0].items() if name != "tieout-row"}],
        ": not an export of the quarantine, or no longer one",
    ),
}


def test_what_is_no_mended_export_is_refused_and_nothing_is_written(tieout: Tieout, shop: Path) -> None:
    before = publications(shop)
    exported(tieout, shop, list)
    rows = read(shop / "mend.csv")
    for name, (change, words) in REFUSED.items():
        write(shop / "mend.csv", change(rows))
        refused = tieout("quarantine", "resubmit", "mend.csv")
        assert (name, refused.code, f"refused mend.csv{words}" in refused.out) == (name, 1, True), refused.out
    (shop / "torn.csv").write_text('No,tieout-row\nP-1,"sales/1/2\n', encoding="utf-8")
    assert "quotation marks that do not pair up" in tieout("quarantine", "resubmit", "torn.csv").out
    assert "cannot be read" in tieout("quarantine", "resubmit", "nowhere.csv").out
    assert publications(shop) == before
    # Lying among the files that arrive, an export would be taken for one of them.
    write(shop / "incoming" / "sales_mended.csv", mended(rows))
    assert "an export of the quarantine, each row of which stands" in tieout("load").out
    assert publications(shop) == before


def test_the_page_of_the_close_and_explain_say_what_was_resubmitted(tieout: Tieout, shop: Path) -> None:
    exported(tieout, shop, mended)
    assert tieout("quarantine", "resubmit", "mend.csv").code == 0
    page = tieout("close", "FY2026-P01")
    [line] = [line.split() for line in page.out.splitlines() if line.strip().startswith("sales_2026-01.csv")]
    assert "of these resubmitted" in page.out
    assert line[1:5] == ["6", "2", "4", "3"]
    before = " ".join(tieout("explain", "--not", "sales_2026-01.csv:4").out.split())
    assert "it was resubmitted as mend.csv:2, which was accepted" in before
    after = " ".join(tieout("explain", "--not", "mend.csv:2").out.split())
    assert "it was resubmitted in the place of sales_2026-01.csv:4, which is in quarantine" in after
