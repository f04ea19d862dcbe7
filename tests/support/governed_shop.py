"""The small shop with people, for tests of what several people do to one set of books; each step is a function call.

What the command line asks of `adapters.closing` is asked here directly, so that hundreds of steps take seconds. Time is
the test's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from adapters.books.chain import ruleset_hash
from adapters.books.changes import Changes
from adapters.books.store import Books, open_books
from adapters.cli.intake import load_client
from adapters.cli.material import Material
from adapters.client.loader import read_client
from adapters.closing.policy import policy_of
from adapters.closing.running import Resources
from adapters.feeds.report import LoadReport
from adapters.ruleset_files import read_ruleset
from dsl.diagnostics import Diagnostics
from engine.governance import acts
from engine.model.ruleset import Ruleset
from tests.support.shop_client import RULESET, make_shop

PEOPLE: Mapping[str, tuple[str, ...]] = {
    "jonas": ("preparer",),
    "petra": ("preparer",),
    "kim": ("reviewer", "signer"),
    "ana": ("controller",),
    "omar": ("controller", "rule-approver"),
    "lea": ("rule-author", "controller"),
}
ONE_THREAD = Resources(threads=1)


@dataclass
class Shop:
    """A shop whose books name people; `now` moves on with every opening."""

    folder: Path
    ruleset: Ruleset
    version: str
    now: datetime = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
    loaded: int = field(default=0)

    @contextmanager
    def acting(self, account: str, write: bool = True) -> Iterator[Books]:
        """The books as somebody opens them."""
        self.now += timedelta(minutes=1)
        policy = policy_of(self.ruleset, self.version)
        with open_books(
            self.folder / "books", write=write, create=write, clock=lambda: self.now, actor=account, policy=policy
        ) as books:
            yield books

    def deliver(self, account: str, files: Mapping[str, str]) -> LoadReport:
        """Load files as somebody."""
        self.loaded += 1
        folder = self.folder / "deliveries" / str(self.loaded)
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        client = read_client(self.folder, Diagnostics())
        assert client is not None
        with self.acting(account) as books:
            return load_client(books, Material(client, self.ruleset), [folder], self.now.date())


def governed_shop(folder: Path, ruleset_text: str = RULESET, signers: str = "100 USD") -> Shop:
    """A shop with people whose rules were drafted, reviewed and approved from 2026 on."""
    role = "role controller may override siso with comment\n"
    text = ruleset_text.replace(role, f"{role}role signer may override siso up to {signers} with comment\n")
    make_shop(folder, {})
    (folder / "shop.tieout").write_text(text, "utf-8")
    ruleset, diagnostics = read_ruleset(folder / "shop.tieout")
    assert ruleset is not None, [one.message for one in diagnostics.errors]
    texts = dict(ruleset.texts)
    version = ruleset_hash({**texts, "client.yaml": (folder / "client.yaml").read_text("utf-8")})
    shop = Shop(folder, ruleset, version)
    with shop.acting("maria") as books:
        books.record("people", acts.Founded("maria", "Maria", "maria"))
    with shop.acting("maria") as books:
        books.record("people", *(acts.PersonAdded(one, one.title(), one) for one in PEOPLE))
        books.record("people", *(acts.RoleGranted(one, role) for one, held in PEOPLE.items() for role in held))
    with shop.acting("lea") as books:
        draft = acts.RulesDrafted(version, ruleset_hash(texts), "shop 1", (), "first")
        with books.publication("rules", "shop 1") as publication:

            def changes(ledger: Changes) -> None:
                ledger.add_ruleset("shop", "1", texts)
                ledger.record(draft)

            publication.commit(changes)
    with shop.acting("omar") as books:
        books.record("rules", acts.RulesReviewed(version, "read"))
        books.record("rules", acts.RulesApproved(version, date(2026, 1, 1).isoformat(), "", "fine"))
    return shop
