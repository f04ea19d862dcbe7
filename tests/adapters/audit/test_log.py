"""P25: what people do and try is in the log exactly once."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from adapters.audit.log import log_of
from adapters.audit.verifier import verify
from adapters.books.entries import RunKind
from adapters.books.errors import NotAllowed
from adapters.books.store import Books, open_books
from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.state import digest_of
from tests.adapters.audit.governed import JANUARY, POLICY, ROLES, Ticking, found, manifest_of, proposal
from tests.adapters.books.publishing import CALENDAR, publish_run, register_months
from tests.support.promises import reached, trials

MEMORY = Path("/dev") / "shm"
Told = tuple[str, str, str, bool]
"""Who, which verb, of what, and whether it was refused."""

LIFE = 250
"""How many acts one set of books sees, so that each new one stays quick."""

PEOPLE = (*ROLES, "ada", "nobody")
WHERE = (CALENDAR, JANUARY)


def _override(books: Books, chance: random.Random) -> str:
    return chance.choice([*books.state.overrides, "O-none"])


def _digest(books: Books, name: str, chance: random.Random) -> str:
    override = books.state.overrides.get(name)
    return "0" * 64 if override is None or chance.random() < 0.2 else digest_of(override.proposal)


def _decision(books: Books, chance: random.Random) -> Act:
    name = _override(books, chance)
    digest = _digest(books, name, chance)
    return chance.choice((
        acts.OverrideApproved(name, digest, "so be it", "channel-controller"),
        acts.OverrideRejected(name, digest, "no"),
        acts.OverrideWithdrawn(name, digest, "a mistake"),
    ))  # fmt: skip


def _of_people(_: Books, chance: random.Random) -> Act:
    person, role = (
        chance.choice((*PEOPLE, f"p{chance.randrange(30)}")),
        chance.choice(("preparer", "auditor", "reviewer")),
    )
    return chance.choice((
        acts.PersonAdded(person, person.title()),
        acts.RoleGranted(person, role),
        acts.RoleRevoked(person, role),
        acts.IssuerTrusted(f"issuer{chance.randrange(5)}", "key"),
        acts.IssuerDistrusted(f"issuer{chance.randrange(5)}"),
    ))  # fmt: skip


def _of_rules(_: Books, chance: random.Random) -> Act:
    version = f"{chance.randrange(12):064d}"
    return chance.choice((
        acts.RulesDrafted(version, "0" * 64, "client", (), "another"),
        acts.RulesReviewed(version, "read"),
        acts.RulesRejected(version, "no"),
    ))  # fmt: skip


def _of_period(books: Books, chance: random.Random) -> Act:
    run, manifest = books.runs(*WHERE)[-1].id, manifest_of(books, JANUARY)
    return chance.choice((
        acts.CloseRequested(*WHERE, run, manifest, "please"),
        acts.CloseApproved(*WHERE, run, chance.choice((manifest, "2" * 64)), ""),
        acts.CloseRejected(*WHERE, run, "not yet"),
        acts.ReopenRequested(*WHERE, run, "again"),
        acts.Reopened(*WHERE, run),
    ))  # fmt: skip


def _of_work(_: Books, chance: random.Random) -> Act:
    about = (f"E-{chance.randrange(9)}", *WHERE)
    return chance.choice((
        acts.ExceptionAssigned(*about, chance.choice(PEOPLE)),
        acts.ExceptionCommented(*about, "looked at it"),
        acts.BackedUp("elsewhere", "0:0"),
        acts.AnchoredAnew("0:0", "lost"),
    ))  # fmt: skip


def _proposed(_: Books, chance: random.Random) -> Act:
    return proposal(f"O-{chance.randrange(10_000)}", JANUARY, str(chance.randrange(50)))


MAKERS: dict[Callable[[Books, random.Random], Act], tuple[str, ...]] = {
    _decision: ("carl", "cora", "pia"),
    _of_people: ("ada",),
    _of_rules: ("axel", "rita"),
    _of_period: ("pia", "carl"),
    _of_work: ("rex", "pia", "ada"),
    _proposed: ("pia",),
}
"""Acts of one sort, and who may do some of them."""


def _told(by: str, act: Act, refused: bool) -> Told:
    return by, act.verb, act.subject, refused


def _try(folder: Path, clock: Ticking, chance: random.Random, wanted: int, model: Counter[Told]) -> int:
    """Do acts until one is refused, as commands would, and count what each came to; how many acts that were."""
    done = 0
    by, asked = "", list[Act]()
    try:
        with open_books(folder, write=True, clock=clock, actor="root", policy=POLICY) as books:
            while done < wanted:
                make, likely = chance.choice(list(MAKERS.items()))
                by = books.by = chance.choice(likely if chance.random() < 0.8 else PEOPLE)
                asked = [make(books, chance) for _ in range(1 if chance.random() < 0.9 else 2)]
                books.record("act", *asked)
                model.update(_told(by, act, False) for act in asked)
                done += len(asked)
    except NotAllowed as error:
        # Of acts that are published together the one that is refused is told of, and none is done.
        model[_told(by, error.act, True)] += 1
        done += 1
    return done


def _lived(folder: Path, chance: random.Random, wanted: int, model: Counter[Told]) -> Counter[Told]:
    """New books in which so many acts are done or tried, and what their log tells of them."""
    clock, done = Ticking(), 0
    with (
        open_books(folder, write=True, create=True, clock=clock, actor="root", policy=POLICY) as books,
        duckdb.connect() as connection,
    ):
        found(books)
        books.by = "pia"
        register_months(books)
        publish_run(books, connection, JANUARY, RunKind.TRIAL)
        begun = len(log_of(books.ledger))
    while done < wanted:
        done += _try(folder, clock, chance, wanted - done, model)
    with open_books(folder, write=False) as books:
        log = log_of(books.ledger)[begun:]
    assert verify(folder).problems == ()
    return Counter((one.by, one.tried or one.did, one.of, bool(one.tried)) for one in log)


def test_privileged_acts_denied_ones_too_are_in_the_log_exactly_once() -> None:
    wanted, chance, model, told = trials(10_000), random.Random(25), Counter[Told](), Counter[Told]()
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as made:
        while model.total() < wanted:
            some = min(LIFE, wanted - model.total())
            told += _lived(Path(made) / f"{model.total()}" / "books", chance, some, model)
    missing, invented = model - told, told - model
    refused = sum(count for (_, _, _, is_refused), count in model.items() if is_refused)
    reached(
        "P25", "privileged acts, denied ones too, in the log exactly once", model.total(), (missing + invented).total(),
        refused=refused, done=model.total() - refused,
    )  # fmt: skip
    assert (missing, invented) == (Counter(), Counter())
    assert min(refused, model.total() - refused) > wanted // 10
