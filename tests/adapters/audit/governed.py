"""Small books that name people, in which most of what can be done was done once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from adapters.books import schema
from adapters.books.anchor import anchor_of
from adapters.books.entries import RunKind
from adapters.books.errors import NotAllowed
from adapters.books.store import Books, open_books
from engine.governance import acts
from engine.governance.scene import Limit, Policy
from engine.governance.state import digest_of
from tests.adapters.books.publishing import CALENDAR, publish_acceptance, publish_load, publish_run, register_months

VERSION = hashlib.sha256(b"rules and client.yaml").hexdigest()
JANUARY, FEBRUARY = "2026-01", "2026-02"
LIMITS = {"channel-controller": Limit("siso", Decimal("1000.00"), "USD", ("comment",))}
POLICY = Policy(VERSION, LIMITS, (), (), frozenset(LIMITS))
ROLES = {
    "pia": ("preparer",),
    "rex": ("reviewer",),
    "carl": ("controller", "channel-controller"),
    "cora": ("controller", "channel-controller"),
    "cem": ("controller",),
    "axel": ("rule-author",),
    "rita": ("rule-approver",),
    "olga": ("auditor",),
}


class Ticking:
    """A clock that goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def do(books: Books, by: str, *done: acts.Act) -> None:
    """Somebody does something; what is refused is recorded and raised, as a command would have it."""
    books.by = by
    try:
        books.record("act", *done)
    except NotAllowed as error:
        books.record_refusal(error)
        raise


def found(books: Books) -> None:
    """Name the people, with their roles, and have the rules approved."""
    do(books, "root", acts.Founded("ada", "Ada", "root"))
    for person, roles in ROLES.items():
        do(books, "ada", acts.PersonAdded(person, person.title(), person))
        do(books, "ada", *(acts.RoleGranted(person, role) for role in roles))
    do(books, "axel", acts.RulesDrafted(VERSION, "0" * 64, "client", (), "first version"))
    do(books, "rita", acts.RulesReviewed(VERSION, "read"))
    do(books, "rita", acts.RulesApproved(VERSION, "2026-01-01", "", "fit for January"))


def proposal(name: str, period: str = JANUARY, value: str = "100") -> acts.OverrideProposed:
    """An override of a row worth 500 USD."""
    row = (("company", "US01"), ("partner", "ACME"), ("part", "X"))
    return acts.OverrideProposed(
        name, CALENDAR, period, "siso", row, "reported", value, "units", "500.00", "USD", "miscount", "=counted again"
    )


def about(books: Books, period: str) -> tuple[str, str, int]:
    """Calendar, period and the last run of it."""
    return CALENDAR, period, books.runs(CALENDAR, period)[-1].id


def manifest_of(books: Books, period: str) -> str:
    """The SHA-256 of the manifest of a period's last run."""
    return hashlib.sha256(books.runs(CALENDAR, period)[-1].manifest.encode()).hexdigest()


def close(books: Books, connection: duckdb.DuckDBPyConnection, period: str) -> None:
    """Try a period, ask for its close, agree, and freeze it."""
    books.by = "pia"
    publish_run(books, connection, period, RunKind.TRIAL)
    do(books, "pia", acts.CloseRequested(*about(books, period), manifest_of(books, period), "please"))
    do(books, "carl", acts.CloseApproved(*about(books, period), manifest_of(books, period), ""))
    books.by = "cora"
    publish_run(books, connection, period, RunKind.HARD)


def reopen(books: Books, period: str) -> None:
    """Open a closed period again, as three people agree to."""
    do(books, "carl", acts.ReopenRequested(*about(books, period), "a file was wrong"))
    do(books, "cora", acts.ReopenApproved(*about(books, period), ""))
    do(books, "cem", acts.ReopenApproved(*about(books, period), ""))
    do(books, "cora", acts.Reopened(*about(books, period)))


def publish_story(folder: Path, backup: Callable[[], object] = lambda: None) -> None:
    """Books with two loads, two closes, a reopening, overrides, an acceptance, and three refusals.

    `backup` is called now and then, when the books may be copied.
    """
    with (
        open_books(folder, write=True, create=True, clock=Ticking(), actor="root", policy=POLICY) as books,
        duckdb.connect() as connection,
    ):
        found(books)
        backup()
        books.by = "pia"
        publish_load(books, connection, "a.csv")
        register_months(books)
        publish_run(books, connection, JANUARY, RunKind.TRIAL)
        do(books, "pia", proposal("O-1"))
        do(books, "carl", acts.OverrideApproved("O-1", digest_of(proposal("O-1")), "as counted", "channel-controller"))
        books.by = "rex"
        publish_acceptance(books, JANUARY, "siso", "oversell")
        for by, refused in (
            ("pia", acts.OverrideApproved("O-1", digest_of(proposal("O-1")), "mine", "channel-controller")),
            ("olga", acts.ExceptionCommented("E-1", CALENDAR, JANUARY, "who read this?")),
            ("nobody", acts.TrialRun(*about(books, JANUARY))),
        ):
            try_refused(books, by, refused)
        close(books, connection, JANUARY)
        backup()
        reopen(books, JANUARY)
        close(books, connection, JANUARY)
        backup()
        books.by = "pia"
        publish_load(books, connection, "b.csv")
        do(books, "pia", proposal("O-2", FEBRUARY))
        do(books, "cora", acts.OverrideRejected("O-2", digest_of(proposal("O-2", FEBRUARY)), "no"))
        books.by = "pia"
        publish_run(books, connection, FEBRUARY, RunKind.TRIAL)
        backup()
        with books.publication("upgrade") as publication:
            publication.commit(lambda changes: changes.add_upgrade(schema.STORE_VERSION, "0.1"))


def try_refused(books: Books, by: str, act: acts.Act) -> None:
    """Somebody tries what they may not do."""
    try:
        do(books, by, act)
    except NotAllowed:
        return
    raise AssertionError(f"{by} was allowed to do {act}")


def copied(folder: Path, target: Path) -> Path:
    """A copy of books with their heads, in a folder that is replaced; where it lies."""
    for old in (target, target.with_name(f"{target.name}.heads")):
        if old.is_dir():
            shutil.rmtree(old)
    shutil.copytree(folder, target)
    shutil.copy(anchor_of(folder).path, anchor_of(target).path)
    return target
