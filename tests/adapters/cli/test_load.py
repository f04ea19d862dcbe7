from __future__ import annotations

import csv
import errno
import hashlib
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from adapters.books.store import open_books
from adapters.limits import LONGEST_LINE
from tests.support.commands import Tieout
from tests.support.shop_client import SALES, SALES_HEAD, make_shop

TIEOUT = Path(sys.executable).parent / "tieout"


def published(shop: Path) -> int:
    """How many publications the books hold; none where there are no books."""
    if not (shop / "books" / "ledger.sqlite").exists():
        return 0
    with open_books(shop / "books", write=False) as books:
        return len(books.ledger.audit_events())


def deliver(shop: Path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (shop / "incoming" / "sales_2026-01.csv").write_bytes(data)


def test_a_load_accounts_for_every_row_and_a_second_one_does_nothing(tieout: Tieout, shop: Path) -> None:
    first = tieout("load", "--on", "2026-02-02")
    assert (first.code, first.err) == (0, "")
    assert "received = accepted + quarantined    13 = 13 + 0 rows   ✓" in first.out
    again = tieout("load", "incoming/sales_2026-01.csv", "--format", "json")
    assert (again.code, again.values["written"]) == (0, False)
    assert again.values["files"][0]["outcome"] == "same content"
    assert published(shop) == 1


BAD_FILES = {
    "empty file": (b"", "refused sales_2026-01.csv: empty"),
    "unknown column": (SALES.replace("Units", "Pieces").encode(), "has no column `Units`, which feed sales reads"),
    "wrong encoding": (SALES.replace("ACME", "ACM\xc9").encode("cp1252"), "not utf-8: byte "),
    "huge line": ((SALES + "P-9," + "x" * LONGEST_LINE).encode(), "is longer than 1,000,000 bytes"),
    "every date otherwise": (SALES.replace("2026-01-2", "2/1/202").encode(), "none of the 2 dates in column Date"),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_refuses_the_load_and_nothing_is_written(
    tieout: Tieout, shop: Path, content: bytes, words: str
) -> None:
    deliver(shop, content)
    outcome = tieout("load")
    assert outcome.code == 1
    assert words in outcome.out
    assert "help: " in outcome.out
    assert "1 file refused: nothing of this load was written" in outcome.out
    assert published(shop) == 0


BAD_ROWS = {
    "truncated row": ("P-3,ACME,X1", "4: 3 cells where the file has 5 columns"),
    "two date formats in a column": (
        "P-3,ACME,X100,1,21/01/2026",
        'sale-date: "21/01/2026" is not a date in YYYY-MM-DD',
    ),
    "number with text": ("P-3,ACME,X100,1 pc,2026-01-21", 'quantity: "1 pc" is not a number'),
    "unknown part": ("P-3,ACME,X999,1,2026-01-21", 'part: "X999" is not a known part'),
}


@pytest.mark.parametrize(("row", "words"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_row_is_told_with_its_line_and_a_strict_load_writes_nothing(
    tieout: Tieout, shop: Path, row: str, words: str
) -> None:
    deliver(shop, f"{SALES}{row}\n")
    strict = tieout("load", "--strict")
    assert strict.code == 1
    assert f"  sales_2026-01.csv:4: {words.removeprefix('4: ')}" in strict.out
    assert "nothing of this load was written" in strict.out
    assert published(shop) == 0


def test_a_bad_row_waits_in_quarantine_where_it_can_be_read_and_taken_away(tieout: Tieout, shop: Path) -> None:
    deliver(shop, f'{SALES}P-3,ACME,"X1,00",=1+1,2026-01-21\nP-4,ACME,X100,1,soon\n')
    loaded = tieout("load")
    assert loaded.code == 1
    assert "15 = 13 + 2 rows" in loaded.out
    assert "see `tieout quarantine list`" in loaded.out
    assert published(shop) == 1
    listed = tieout("quarantine", "list")
    assert listed.code == 0
    assert '  sales_2026-01.csv    5  sale-date: "soon" is not a date in YYYY-MM-DD' in listed.out
    assert "2 rows in quarantine; `tieout quarantine export FILE` writes them to be mended" in listed.out
    limited = tieout("quarantine", "list", "--limit", "1", "--format", "json").values
    assert (limited["count"], [one["row"] for one in limited["rows"]]) == (2, [4])
    assert tieout("quarantine", "list", "--feed", "counts").out == "Quarantine  no row waits\n"
    exported = tieout("quarantine", "export", "refused.csv")
    assert (exported.code, exported.out.splitlines()[0]) == (0, "2 rows written to refused.csv")
    rows = list(csv.DictReader((shop / "refused.csv").read_text("utf-8").splitlines()))
    assert [row["tieout-as-delivered"] for row in rows] == ['P-3,ACME,"X1,00",=1+1,2026-01-21', "P-4,ACME,X100,1,soon"]
    assert [row["Units"] for row in rows] == ["'=1+1", "1"]
    assert tieout("quarantine", "export", "no/such/refused.csv").code == 1


def test_folders_and_files_that_are_not_there(tieout: Tieout, shop: Path) -> None:
    missing = tieout("load", "incoming/sales_2026-03.csv")
    assert missing.code == 1
    assert "sales_2026-03.csv: is not there" in missing.out
    (shop / "incoming").rename(shop / "elsewhere")
    assert "there is no folder incoming" in tieout("load").err
    assert tieout("load", "elsewhere").code == 0


def test_a_client_elsewhere_is_named(tieout: Tieout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_shop(tmp_path / "clients" / "shop")
    monkeypatch.chdir(tmp_path)
    assert tieout("load", "--client", "clients/shop").code == 0
    assert published(tmp_path / "clients" / "shop") == 1
    missing = tieout("load")
    assert (missing.code, missing.out) == (1, "")
    assert "client.yaml  there is no client.yaml here" in missing.err


def test_books_in_use_by_another_run(tieout: Tieout, shop: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from adapters.books.store import open_books\n"
        "with open_books(Path('books'), write=True, create=True): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        for command in (("load",), ("close", "FY2026-P01")):
            outcome = tieout(*command)
            assert (outcome.code, outcome.out) == (1, "")
            assert f"is being written by process {other.pid} on " in outcome.err
            assert "wait until it is done and run it again" in outcome.err
        assert tieout("books", "history").code == 0
        other.communicate(b"")
    assert published(shop) == 0


def test_a_full_disk_is_one_sentence_and_leaves_the_books_as_they_were(tieout: Tieout, shop: Path) -> None:
    """A limit on the size of files stands for a disk without room: the system reports both in the same way."""
    names = (hashlib.sha256(number.to_bytes(4, "big")).hexdigest() for number in range(12_000))
    deliver(shop, SALES_HEAD + "".join(f"{name},ACME,X100,1,2026-01-20\n" for name in names))
    for room in (0, 300_000):
        done = subprocess.run(
            [TIEOUT, "load"],
            cwd=shop,
            capture_output=True,
            text=True,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room)),
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: the disk")
        assert "is full, nothing was written" in done.stderr
        assert published(shop) == 0
    assert tieout("load").code == 0
    assert published(shop) == 1


def test_a_folder_that_may_not_be_written(tieout: Tieout, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(shop / "books"))

    monkeypatch.setattr(Path, "mkdir", refuse)
    outcome = tieout("load")
    assert outcome.code == 1
    assert "permission denied" in outcome.err.lower()
