"""A scenario over the books of a small client: what it compares, what it refuses, and that it cannot write."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.books import changes, lock, publication
from adapters.books.errors import BooksError
from adapters.books.store import Books, open_books
from adapters.cli.main import main
from adapters.closing.what_if import what_if
from adapters.ruleset_files import read_ruleset
from dsl.diagnostics import InternalError
from engine.compile import check_under
from engine.model.ruleset import Ruleset
from engine.model.scenarios import UnderScenario
from engine.plan.world import RunStopped
from engine.run.what_if import Compared, WhatIf
from tests.support.corner_client import ONE_THREAD
from tests.support.shared import ROOT

RULES = ROOT / "features" / "rulesets" / "sell-through"

JANUARY = {
    "partners_1.csv": "partner\nACME\n",
    "parts_1.csv": "part\nX100\n",
    "sellers_1.csv": "seller,plan\nKIM,standard\n",
    "shipments_1.csv": "document,date,partner,part,quantity,unit price\nS-1,2026-01-05,ACME,X100,100,10\n",
    "sales_1.csv": "number,date,partner,part,quantity,seller\nINV-1,2026-01-25,ACME,X100,40,KIM\n",
}
LATE = {"sales_2.csv": "number,date,partner,part,quantity,seller\nINV-2,2026-01-28,ACME,X100,7,KIM\n"}
"""A sale of January that comes after its hard close."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client whose January is closed for good and whose February is open, with a sale that came late."""

    folder: Path
    ruleset: Ruleset

    def under(self, scenario: str) -> UnderScenario:
        """The rules as a scenario changes them."""
        found, diagnostics = check_under(self.ruleset, scenario)
        assert found is not None, [one.message for one in diagnostics]
        return found

    def ask(self, books: Books, scenario: str, last: str | None = None, first: str | None = None) -> WhatIf:
        """Ask what if."""
        return what_if(books, self.ruleset, self.under(scenario), last=last, first=first, resources=ONE_THREAD)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("supposed") / "client"
    (folder / "incoming").mkdir(parents=True)
    rules = folder / "own.tieout"
    rules.write_bytes((RULES / "scenarios.tieout").read_bytes())
    described = (RULES / "client.yaml").read_text(encoding="utf-8")
    (folder / "client.yaml").write_text(f"ruleset: own.tieout\n{described}", encoding="utf-8")
    tieout(folder, JANUARY, "load", "--on", "2026-02-01")
    tieout(folder, {}, "close", "FY2026-P01", "--hard")
    tieout(folder, LATE, "load", "--on", "2026-02-05")
    rules.write_text(rules.read_text(encoding="utf-8") + "# Another text now.\n", encoding="utf-8")
    ruleset, found = read_ruleset(rules)
    assert ruleset is not None, list(found)
    return Client(folder, ruleset)


def tieout(folder: Path, files: dict[str, str], *words: str) -> None:
    """Deliver files and run a command, which must do what it says."""
    for name, text in files.items():
        (folder / "incoming" / name).write_text(text, encoding="utf-8")
    with redirect_stdout(io.StringIO()) as said:
        assert main([*words, "--client", str(folder)]) == 0, said.getvalue()


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer that came while everything that writes books was broken, and the files before and after it."""

    found: WhatIf
    before: dict[str, bytes]
    after: dict[str, bytes]


@pytest.fixture(scope="module")
def asked(client: Client) -> Asked:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a scenario came to what writes books")

    before = bytes_of(client.folder)
    with open_books(client.folder / "books", write=False) as books, pytest.MonkeyPatch.context() as patch:
        for part in (publication.Publication, lock.WriterLock, changes.Changes):
            patch.setattr(part, "__init__", refuse)
        head = books.ledger.head()
        found = client.ask(books, "no-commission", last="FY2026-P02")
        assert books.ledger.head() == head
    return Asked(found, before, bytes_of(client.folder))


@pytest.fixture(scope="module")
def unpaid(asked: Asked) -> WhatIf:
    return asked.found


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes; the shared memory of SQLite's readers is none of the books."""
    files = sorted(one for one in folder.rglob("*") if one.is_file() and one.suffix != ".sqlite-shm")
    return {one.relative_to(folder).as_posix(): content for one in files if (content := one.read_bytes())}


def test_a_scenario_has_no_way_to_write(asked: Asked) -> None:
    """It came to nothing that publishes, locks or changes a ledger, and no byte of the client's folder moved."""
    assert asked.found.comparison.results
    assert len(asked.before) > 10
    assert asked.after == asked.before


def test_books_open_for_reading_publish_nothing(client: Client) -> None:
    with (
        open_books(client.folder / "books", write=False) as books,
        pytest.raises(InternalError, match="opened for reading"),
        books.publication("run"),
    ):
        pass


def test_books_that_could_be_written_are_not_taken(client: Client) -> None:
    with (
        open_books(client.folder / "books", write=True) as books,
        pytest.raises(InternalError, match="for reading only"),
    ):
        client.ask(books, "no-commission")


def test_periods_closed_for_good_come_out_as_they_were_posted(unpaid: WhatIf) -> None:
    """A sale of January that was loaded after its close is posted in February, there and here."""
    assert [(one.period, one.apart, one.same_rules) for one in unpaid.as_posted] == [("FY2026-P01", (), False)]
    assert unpaid.known == ("FY2026-P01", "FY2026-P02")
    revenue = next(one for one in unpaid.comparison.results if one.title == "Product revenue")
    assert revenue.figures == Compared(Decimal(470), Decimal(470))


def test_a_replaced_parameter_leads_to_its_line(unpaid: WhatIf) -> None:
    """Five per cent of 400 and of 70 are no longer paid."""
    (shown,) = unpaid.comparison.shown
    assert [(row.keys, row.figures) for row in shown.rows] == [
        (("FY2026-P01",), Compared(Decimal(20), Decimal(0))),
        (("FY2026-P02",), Compared(Decimal("3.5"), Decimal(0))),
    ]
    causes = {one.title: one for one in unpaid.comparison.causes}
    assert set(causes) == {"Accrued commission", "Commission"}
    way = causes["Commission"].way
    assert way is not None
    assert [(step.reader, step.read) for step in way.steps] == [("journal accrue-commission", "commission-rate")]
    assert way.words == "replace commission-rate with 0.0%"
    assert causes["Commission"].line.startswith("JL-FY2026-P01-")


@pytest.mark.parametrize(
    ("scenario", "last", "first", "sentence"),
    [
        ("no-commission", "FY2026-P77", None, "calendar `fiscal` has no period FY2026-P77"),
        ("no-commission", None, "FY2025-P12", "the books begin with FY2026-P01; FY2025-P12 lies before"),
        ("no-commission", "FY2026-P01", "FY2026-P02", "FY2026-P01 lies before FY2026-P02"),
        ("newest-first", "FY2026-P02", "FY2026-P02", "begins with layers that are kept otherwise; leave --from out"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    client: Client, scenario: str, last: str | None, first: str | None, sentence: str
) -> None:
    with open_books(client.folder / "books", write=False) as books, pytest.raises(BooksError, match=sentence):
        client.ask(books, scenario, last, first)


def test_a_run_that_cannot_go_on_says_which_of_the_two_it_is(client: Client) -> None:
    """A sale of 500 units is supposed, and 100 were shipped."""
    sale: dict[str, object] = {
        "number": "INV-9", "sale-date": date(2026, 1, 28), "partner": "ACME", "part": "X100", "quantity": Decimal(500),
        "seller": None, "identity": "INV-9", "currency": "USD", "known-at": date(2026, 1, 28), "version": 1,
        "source-file": "supposed", "source-row": 2,
    }  # fmt: skip
    with (
        open_books(client.folder / "books", write=False) as books,
        pytest.raises(RunStopped, match="under newest-first: more units leave than are held: sale INV-9"),
    ):
        what_if(books, client.ruleset, client.under("newest-first"), beside={"sale": [sale]}, resources=ONE_THREAD)


def test_books_without_a_close_have_nothing_to_compare(client: Client, tmp_path: Path) -> None:
    with open_books(tmp_path / "books", write=True, create=True):
        pass
    with open_books(tmp_path / "books", write=False) as books, pytest.raises(BooksError, match="no period was closed"):
        client.ask(books, "no-commission")
