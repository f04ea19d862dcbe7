"""Exceptions worked on: given to somebody, talked about, and resolved by a corrected file or an approved override."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.books.entries import Load, Run
from adapters.books.errors import BooksError, PeriodClosed
from adapters.books.store import Books
from adapters.closing.quarantined import load_of
from adapters.closing.raised import raised_by, reader_of
from adapters.closing.worklist import Worklist, worklist_of
from engine.governance.acts import ExceptionAssigned, ExceptionCommented, ExceptionResolved
from engine.governance.scene import unfit
from engine.governance.state import Override
from engine.model.ruleset import Ruleset
from engine.run.conditions import QUARANTINE, Raised, Standing

FILE, OVERRIDE = "file", "override"


@dataclass(frozen=True, slots=True)
class Handled:
    """What was done to an exception: where it stands now, and whether it stood so before, so that nothing was done."""

    standing: Standing
    was_so: bool


def assign(books: Books, ruleset: Ruleset, period: str, wanted: str, person: str) -> Handled:
    """Make an exception somebody's to look into. PeriodClosed, NotAllowed, or BooksError where there is no such
    exception or person."""
    found, one = _open(books, ruleset, period, wanted)
    if not books.state.is_governed and person != books.by and (said := unfit(person)):
        raise BooksError(said)
    if one.work.assigned_to == person:
        return Handled(one, True)
    books.record("exception", ExceptionAssigned(one.raised.id, found.calendar.name, period, person))
    return _again(books, ruleset, period, one)


def comment(books: Books, ruleset: Ruleset, period: str, wanted: str, words: str) -> Handled:
    """Say something about an exception; what the same person said last is not said twice. PeriodClosed, NotAllowed, or
    BooksError where there is no such exception or nothing is said."""
    if not words.strip():
        raise BooksError("the comment is empty; say what is to be known of the exception")
    found, one = _open(books, ruleset, period, wanted)
    if one.work.comments and (one.work.comments[-1][0], one.work.comments[-1][2]) == (books.by, words.strip()):
        return Handled(one, True)
    books.record("exception", ExceptionCommented(one.raised.id, found.calendar.name, period, words.strip()))
    return _again(books, ruleset, period, one)


def resolve_by_file(books: Books, ruleset: Ruleset, period: str, wanted: str, file: str, words: str = "") -> Handled:
    """Say that an exception went because a corrected file was loaded. PeriodClosed, NotAllowed, or BooksError where the
    file is not in the books, is not later than the exception, was not read by the last run, or did not help."""
    found, one = _open(books, ruleset, period, wanted)
    load = _load(books, file)
    if _is_resolved(one, FILE, load.file_name):
        return Handled(one, True)
    _require_undecided(one)
    first = _first(books, ruleset, found, one)
    if one.raised.of == QUARANTINE:
        _require_other_delivery(books, one.raised, load)
        return _resolved(books, ruleset, found, one, FILE, load.file_name, words)
    if load.seq <= first.id:
        raise BooksError(
            f"{load.file_name} was loaded before {_called(first)} first raised {one.raised.id}, so it corrects nothing"
            " of it; name the file that does"
        )
    _require_later(found, one, load.seq, f"{load.file_name} was loaded")
    if one.is_raised:
        raise BooksError(
            f"{found.last} read {load.file_name} and still raises {one.raised.id}: {one.raised.sentence}; correct more,"
            " or have it accepted"
        )
    return _resolved(books, ruleset, found, one, FILE, load.file_name, words)


def resolve_by_override(
    books: Books, ruleset: Ruleset, period: str, wanted: str, override: str, words: str = ""
) -> Handled:
    """Say that an approved override of its row settles an exception. PeriodClosed, NotAllowed, or BooksError where the
    override is none of that row, is not approved, or changed nothing of the exception yet."""
    found, one = _open(books, ruleset, period, wanted)
    approved = books.state.overrides.get(override)
    if approved is None:
        raise BooksError(f"there is no override {override}; see `tieout override list`")
    if _is_resolved(one, OVERRIDE, override):
        return Handled(one, True)
    _require_undecided(one)
    if not _is_of(approved, found, one.raised):
        proposal = approved.proposal
        raise BooksError(
            f"{override} is of {proposal.reconciliation} in {proposal.period}: {one.raised.id} is not about its row"
        )
    if approved.state != "approved":
        raise BooksError(f"{override} is {approved.state}, and only one that is approved settles anything")
    _require_later(found, one, approved.decided_seq, f"{override} was approved")
    before = _before(books, ruleset, found, one, approved.decided_seq)
    if one.is_raised and before is not None and before.digest == one.raised.digest:
        raise BooksError(
            f"{found.last} still raises {one.raised.id} as it was before {override}: {one.raised.sentence}; have it"
            " accepted, or propose another"
        )
    return _resolved(books, ruleset, found, one, OVERRIDE, override, words)


def history_of(books: Books, ruleset: Ruleset, found: Worklist, one: Raised) -> list[tuple[Run, Raised]]:
    """The runs of the period that raised an exception, oldest first, each with what it saw."""
    key = (one.name, one.row)
    with reader_of(books) as executor:
        return [
            (run, seen)
            for run in books.runs(found.calendar.name, found.period.name)
            for seen in raised_by(books, ruleset, run, executor, key)
        ]


# ---- what each needs -------------------------------------------------------------------------------------------------


def _open(books: Books, ruleset: Ruleset, period: str, wanted: str) -> tuple[Worklist, Standing]:
    found = worklist_of(books, ruleset, period)
    if books.period(found.calendar.name, period).state.is_closed:
        raise PeriodClosed(f"{period} is hard-closed, so nothing is done about its exceptions any more")
    return found, found.one(wanted)


def _again(books: Books, ruleset: Ruleset, period: str, one: Standing) -> Handled:
    return Handled(worklist_of(books, ruleset, period).one(one.raised.id), False)


def _load(books: Books, file: str) -> Load:
    """The last load of a file of that name."""
    named = [one for one in books.loads() if one.file_name == Path(file).name]
    if not named:
        raise BooksError(f"no file called {Path(file).name} was loaded; `tieout load` brings it into the books")
    return named[-1]


def _first(books: Books, ruleset: Ruleset, found: Worklist, one: Standing) -> Run:
    seen = history_of(books, ruleset, found, one.raised)
    return seen[0][0] if seen else found.run


def _before(books: Books, ruleset: Ruleset, found: Worklist, one: Standing, seq: int) -> Raised | None:
    """What the last run before a publication saw of an exception."""
    seen = [raised for run, raised in history_of(books, ruleset, found, one.raised) if run.id < seq]
    return seen[-1] if seen else None


def _is_resolved(one: Standing, way: str, reference: str) -> bool:
    resolution = one.work.resolution
    return one.is_resolved and resolution is not None and (resolution.way, resolution.reference) == (way, reference)


def _require_undecided(one: Standing) -> None:
    if one.is_raised and not one.is_open:
        raise BooksError(f"{one.raised.id} is {one.state} already: {one.decided}; nothing is left to resolve")


def _require_later(found: Worklist, one: Standing, seq: int, what: str) -> None:
    """The last run must have known of what settles an exception."""
    if found.run.id > seq:
        return
    if one.is_raised:
        raise BooksError(
            f"{what} after {found.last}, which raises {one.raised.id}; run `tieout close {found.period.name}` to see"
            " whether that changes it"
        )
    raise BooksError(f"{what} after {found.last}, which raised {one.raised.id} no more; name what changed it")


def _require_other_delivery(books: Books, raised: Raised, load: Load) -> None:
    """Rows in quarantine wait until they are resubmitted; that another delivery has them is the word of who says so,
    and it must be a later one by the same feed."""
    waiting = load_of(books.loads(), raised.row)
    if waiting is None or load.feed != waiting.feed or load.id <= waiting.id or not load.accepted:
        raise BooksError(
            f"{load.file_name} is no later file of feed {dict(raised.row)['feed']} with rows that were accepted; name"
            " the one that has these rows corrected"
        )


def _is_of(override: Override, found: Worklist, raised: Raised) -> bool:
    """Whether an override is of the row that an exception is about: a reconciliation's own, or a control's over it."""
    proposal = override.proposal
    if (proposal.calendar, proposal.period) != (found.calendar.name, found.period.name):
        return False
    if raised.name == proposal.reconciliation:
        return raised.row == proposal.row
    key = {name.rpartition(".")[2]: value for name, value in raised.row}
    return all(name in key and key[name] == value for name, value in proposal.row)


def _resolved(
    books: Books, ruleset: Ruleset, found: Worklist, one: Standing, way: str, reference: str, words: str
) -> Handled:
    digest = one.raised.digest if one.is_raised else ""
    act = ExceptionResolved(
        one.raised.id, found.calendar.name, found.period.name, digest, way, reference, words.strip()
    )
    books.record("exception", act)
    return _again(books, ruleset, found.period.name, one)


def _called(run: Run) -> str:
    return f"{run.kind.value} {run.number}"
