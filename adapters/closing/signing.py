"""Asking for the hard close or the reopening of a period, agreeing to it, and turning it down.

In books that name people a period is frozen by two: one asks, naming the trial by the hash of its manifest, and others
agree. With the last approval that the rules ask for the period is run again; it is frozen only if that run finds, file
by file, what the trial found.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from adapters.books.chain import ruleset_hash
from adapters.books.entries import PeriodState, RunKind
from adapters.books.entries import Run as StoredRun
from adapters.books.errors import BooksError
from adapters.books.store import Books
from adapters.closing.close import Agreed, Closed, close_period
from adapters.closing.running import AS_THE_MACHINE_HAS, Progress, Resources, named_period
from adapters.closing.worklist import worklist_of
from adapters.report.closing import Behind, Signed
from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.periods_judged import REOPENING_NEEDS, missing_approvals
from engine.governance.scene import Scene, in_force
from engine.governance.state import Closing
from engine.model.ruleset import Ruleset
from engine.run.close import close_calendar
from engine.run.conditions import Conditions


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a close: the trial it names with the SHA-256 of its manifest, and how the conditions stand.

    `is_new` says that it was recorded now; asking again for the same changes nothing.
    """

    run: StoredRun
    manifest: str
    conditions: Conditions
    is_new: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What an approval came to: the roles whose approval is still missing ('' is any controller's), and the close where
    this was the last one."""

    missing: tuple[str, ...]
    closed: Closed | None


def manifest_hash(run: StoredRun) -> str:
    """The SHA-256 of a run's manifest."""
    return hashlib.sha256(run.manifest.encode()).hexdigest()


def request_close(books: Books, ruleset: Ruleset, name: str, comment: str) -> Asked:
    """Ask that a period be hard-closed as its last trial shows it.

    BooksError where it was never tried, NotAllowed where whoever acts may not ask. Where the conditions of the rules
    are not met nothing is recorded.
    """
    found = worklist_of(books, ruleset, name)
    run, conditions = found.run, found.conditions
    if run.kind is not RunKind.TRIAL or books.period(run.calendar, name).state.is_closed:
        raise BooksError(f"{name} has no trial to close; run `tieout close {name}` first")
    if json.loads(run.manifest)["ruleset"]["hash"] != ruleset_hash(dict(ruleset.texts)):
        raise BooksError(f"trial {run.number} of {name} was made by other rules; make another")
    asked = Asked(run, manifest_hash(run), conditions, False)
    closing = books.state.closing(run.calendar, name)
    if (closing.asked_run, closing.asked_by) == (run.id, books.by):
        return asked
    act = acts.CloseRequested(run.calendar, name, run.id, asked.manifest, comment.strip())
    books.require(act)
    if not conditions.allows_hard_close:
        return asked
    books.record("close", act)
    return Asked(run, asked.manifest, conditions, True)


def approve_close(
    books: Books,
    ruleset: Ruleset,
    name: str,
    *,
    resources: Resources = AS_THE_MACHINE_HAS,
    progress: Progress | None = None,
) -> Agreement:
    """Agree to the close of a period; with the last approval that is missing the period is run and frozen.

    Who agreed before changes nothing by agreeing again.
    """
    calendar = close_calendar(ruleset).name
    closing = _closing(books, ruleset, name)
    missing = missing_approvals(closing.approvals, books.policy.close_by)
    if books.by in {by for by, _ in closing.approvals}:
        return Agreement(missing, None)
    role = _role_of(books, missing)
    act = acts.CloseApproved(calendar, name, closing.asked_run, closing.manifest, role)
    books.require(act)
    asked = books.ledger.run(closing.asked_run)
    left = list(missing)
    left.remove(role)
    if left:
        books.record("close", act)
        return Agreement(tuple(left), None)
    closed = close_period(
        books, ruleset, name, hard=True, agreed=Agreed(asked, act), resources=resources, progress=progress
    )
    return Agreement((), closed)


def reject_close(books: Books, ruleset: Ruleset, name: str, comment: str) -> None:
    """Turn down the request for a close; the period goes on as a trial."""
    closing = _closing(books, ruleset, name)
    calendar = close_calendar(ruleset).name
    books.record("close", acts.CloseRejected(calendar, name, closing.asked_run, comment.strip()))


def request_reopening(books: Books, ruleset: Ruleset, name: str, comment: str) -> bool:
    """Ask that the period closed last be opened again; False where whoever acts asked for it already."""
    calendar = close_calendar(ruleset).name
    closing = _closing(books, ruleset, name)
    if closing.reopening_by and closing.reopening_by == books.by:
        return False
    status = books.period(calendar, name)
    run = status.run if status.run is not None else 0
    books.record("reopening", acts.ReopenRequested(calendar, name, run, comment.strip()))
    return True


def approve_reopening(books: Books, ruleset: Ruleset, name: str) -> tuple[str, ...]:
    """Agree to the reopening of a period; the roles whose approval is still missing. With the last it is open again."""
    calendar = close_calendar(ruleset).name
    closing = _closing(books, ruleset, name)
    if _is_reopened_by(books, calendar, name):
        return ()
    missing = missing_approvals(closing.reopenings, books.policy.reopen_by, REOPENING_NEEDS)
    if books.by in {by for by, _ in closing.reopenings}:
        return missing
    role = _role_of(books, missing)
    approval: Act = acts.ReopenApproved(calendar, name, closing.closed_run, role)
    books.require(approval)
    left = list(missing)
    left.remove(role)
    opened = () if left else (acts.Reopened(calendar, name, closing.closed_run),)
    books.record("reopening", approval, *opened)
    return tuple(left)


def _is_reopened_by(books: Books, calendar: str, name: str) -> bool:
    """Whether a period was reopened and whoever acts agreed to that: to say so again changes nothing."""
    if name not in {one.period.name for one in books.periods(calendar)}:
        return False
    status = books.period(calendar, name)
    return status.state is PeriodState.REOPENED and any(
        isinstance(one.act, acts.ReopenApproved)
        and (one.by, one.act.calendar, one.act.period, one.act.run) == (books.by, calendar, name, status.run)
        for one in books.ledger.happened()
    )


def reject_reopening(books: Books, ruleset: Ruleset, name: str, comment: str) -> None:
    """Turn down a reopening; the period stays closed."""
    calendar = close_calendar(ruleset).name
    closing = _closing(books, ruleset, name)
    books.record("reopening", acts.ReopenRejected(calendar, name, closing.closed_run, comment.strip()))


def is_reopened(books: Books, ruleset: Ruleset, name: str) -> bool:
    """Whether a period was reopened and not tried or closed since."""
    return books.period(close_calendar(ruleset).name, name).state is PeriodState.REOPENED


def _closing(books: Books, ruleset: Ruleset, name: str) -> Closing:
    calendar = close_calendar(ruleset)
    named_period(calendar, name)
    return books.state.closing(calendar.name, name)


def _role_of(books: Books, missing: tuple[str, ...]) -> str:
    """The role under which whoever acts approves: of those missing one that they hold, else the first missing."""
    person = books.state.people.get(books.by)
    held = [one for one in missing if one and person is not None and person.holds(one)]
    return [*held, *([""] if "" in missing else []), *missing, ""][0]


def behind(books: Books, calendar: str, period: str) -> Behind:
    """Who stands behind a period as it is now: what was done since it was last opened, and the rules that ran."""
    signed: list[Signed] = []
    version = ""
    for one in books.ledger.happened():
        act = one.act
        if not isinstance(act, acts.PeriodAct) or (act.calendar, act.period) != (calendar, period):
            continue
        if isinstance(act, (acts.TrialRun, acts.Reopened)):
            signed = [kept for kept in signed if kept.what.startswith("reopen")]
        version = act.version if isinstance(act, acts.HardClosed) else version
        words = getattr(act, "role", "") or getattr(act, "comment", "")
        words = f"as {words}" if getattr(act, "role", "") else words
        signed.append(Signed(act.verb, one.by, one.at, words))
    state = books.state
    rules = state.versions.get(version or books.policy.version)
    if rules is not None and rules.is_approved:
        signed += _approved(books, rules.id)
    head = books.ledger.head()
    asked = books.period(calendar, period)
    lacking = "" if asked.state.is_closed or not state.is_governed else _lacking(books, calendar, period)
    return Behind(state.is_governed, tuple(signed), f"{head.seq}:{head.hash}", lacking)


def _lacking(books: Books, calendar: str, period: str) -> str:
    """Why the rules in the client's folder may not close a period for good."""
    starts = {(calendar, period): books.period(calendar, period).period.start.isoformat()}
    return in_force(books.state, (calendar, period), Scene(books.policy, starts))


def _approved(books: Books, version: str) -> list[Signed]:
    """Who wrote, reviewed and approved a version of the rules, and when."""
    about = (acts.RulesDrafted, acts.RulesReviewed, acts.RulesApproved)
    return [
        Signed(one.act.verb, one.by, one.at, f"version {version[:10]}: {one.act.comment}")
        for one in books.ledger.happened()
        if isinstance(one.act, about) and one.act.version == version
    ]
