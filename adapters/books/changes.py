"""What a publication may write into the ledger, each change checked against what is there.

The changes run inside one transaction that is rolled back whole if any of them refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal

from adapters.books import chain
from adapters.books.chain import Head, Value
from adapters.books.entries import (
    ControlTotal,
    FileEntry,
    Json,
    NewAcceptance,
    NewLoad,
    NewRun,
    Period,
    PeriodState,
    PeriodStatus,
    RunKind,
)
from adapters.books.errors import BooksError, NotAllowed, PeriodClosed, PeriodOutOfOrder
from adapters.books.layout import RUNS
from adapters.books.ledger import Ledger
from dsl.diagnostics import InternalError
from engine.governance import acts
from engine.governance.acts import Act
from engine.governance.refusals import refusal
from engine.governance.scene import Policy, Scene
from engine.governance.state import Happened, State, after

NO_POLICY = Policy()


class Changes:
    """The ledger inside a publication's transaction: what may be added to it."""

    def __init__(
        self,
        ledger: Ledger,
        head: Head,
        at: str,
        files: tuple[FileEntry, ...],
        by: str,
        policy: Policy = NO_POLICY,
    ) -> None:
        self._by = by
        self._policy = policy
        self._state = ledger.state()
        self._acts = 0
        self._ledger = ledger
        self._head = head
        self._seq = head.seq + 1
        self._at = at
        self._files = files
        for file in files:
            columns = json.dumps(file.columns, ensure_ascii=False, separators=(",", ":"))
            self._insert("file", file.path, file.home, file.name, file.rows, file.size, file.sha256, columns, self._seq)

    @property
    def state(self) -> State:
        """Where everything stands, with what this publication did so far."""
        return self._state

    def record(self, act: Act) -> None:
        """Record an act of whoever publishes, and move the period it moves; NotAllowed where they may not do it."""
        require(self._ledger, self._state, self._by, act, self._policy)
        self._acts += 1
        self._state = after(self._state, Happened(self._seq, self._at, self._by, act))
        self._insert("act", self._acts, act.verb, act.subject, acts.text_of(act), self._seq)
        if type(act) in _MOVES and isinstance(act, acts.PeriodAct):
            self._move(act, _MOVES[type(act)])

    def add_load(self, load: NewLoad) -> int:
        """Record a delivered file and answer its number; BooksError if this feed has loaded the same content before."""
        known = self._ledger.known_file(load.sha256, load.feed)
        if known is not None:
            raise BooksError(
                f"{load.file_name} was loaded before, as {known.file_name} at {known.loaded_at}; leave it out"
            )
        if load.received != load.accepted + load.quarantined:
            raise InternalError("of a file, received is not accepted plus quarantined")
        [(number,)] = self._ledger.rows("SELECT coalesce(max(id), 0) + 1 FROM load")
        counts = (load.size, load.received, load.accepted, load.quarantined)
        self._insert("load", number, load.file_name, load.sha256, load.feed, *counts, self._at, self._seq)
        for total in load.control_totals:
            _check_total(total)
            figures = (total.received, total.accepted, total.quarantined, total.declared)
            self._insert("load_total", number, total.name, *(_decimal_text(figure) for figure in figures), self._seq)
        for file in load.files:
            self._insert("load_file", number, file.path, self._seq)
        self.record(acts.Loaded(load.file_name, self._policy.version))
        return int(number)

    def add_periods(self, periods: Iterable[Period]) -> None:
        """Register periods, by start; those already there are left alone.

        PeriodOutOfOrder if one differs from what is registered, overlaps another, or starts before a hard-closed one.
        """
        for period in sorted(periods, key=lambda one: (one.calendar, one.start)):
            statuses = self._ledger.periods(period.calendar)
            if any(status.period == period for status in statuses):
                continue
            for status in statuses:
                _check_beside(period, status)
            dates = (period.start.isoformat(), period.end.isoformat())
            self._insert("period", period.calendar, period.name, *dates, self._seq)

    def add_ruleset(self, name: str, version: str, texts: Mapping[str, str]) -> str:
        """Keep the texts of a ruleset and answer its hash; one that is there already is left alone."""
        if not texts:
            raise InternalError(f"ruleset {name} has no text")
        ruleset = chain.ruleset_hash(texts)
        if ruleset not in self._ledger.rulesets():
            self._insert("ruleset", ruleset, name, version, self._seq)
            for text_name, text in sorted(texts.items()):
                self._insert("ruleset_text", ruleset, text_name, text, self._seq)
        return ruleset

    def add_run(self, run: NewRun) -> int:
        """Record the run whose files this publication holds, move its period, and answer the run's number.

        UnknownPeriod, PeriodClosed; a hard close whose predecessor is not hard-closed is PeriodOutOfOrder.
        """
        status = self._ledger.period(run.calendar, run.period)
        if status.state.is_closed:
            raise PeriodClosed(
                f"{run.period} was hard-closed by run {status.run} and does not change any more;"
                " correct it by facts that post in the first open period"
            )
        if run.kind is RunKind.HARD:
            _check_next(status, self._ledger.periods(run.calendar))
        query = "SELECT count(*) + 1 FROM run WHERE calendar = ? AND period = ? AND kind = ?"
        [(number,)] = self._ledger.rows(query, (run.calendar, run.period, run.kind.value))
        key = (run.calendar, run.period, run.kind.value, number)
        self._insert("run", self._seq, *key, run.ruleset, self._manifest(run, number), self._at, self._seq)
        target = PeriodState.HARD_CLOSED if run.kind is RunKind.HARD else PeriodState.TRIAL
        epoch = status.epoch + (run.kind is RunKind.HARD)
        transition = (run.calendar, run.period, epoch, status.state.value, target.value)
        self._insert("period_transition", *transition, self._seq, self._seq)
        about = (run.calendar, run.period, self._seq)
        hard = run.kind is RunKind.HARD
        self.record(acts.HardClosed(*about, self._policy.version) if hard else acts.TrialRun(*about))
        return self._seq

    def add_upgrade(self, version: int, tieout: str) -> None:
        """Record that the books were brought to a version of the store by a version of tieout."""
        self._insert("upgrade", version, tieout, self._seq)

    def add_acceptance(self, accepted: NewAcceptance) -> None:
        """Record that exceptions of a run were accepted; PeriodClosed where their period is hard-closed."""
        run = accepted.run
        if self._ledger.period(run.calendar, run.period).state.is_closed:
            raise PeriodClosed(f"{run.period} is hard-closed, so nothing of it can be accepted any more")
        self.record(acts.Accepted(run.calendar, run.period, accepted.comment))
        for name, row, digest in accepted.exceptions:
            key = (run.calendar, run.period, name, row)
            self._insert("exception_act", *key, digest, "accepted", accepted.comment, run.id, self._seq)

    def _move(self, act: acts.PeriodAct, target: PeriodState) -> None:
        status = self._ledger.period(act.calendar, act.period)
        if isinstance(act, (acts.ReopenRequested, acts.Reopened)):
            closed = self._ledger.closes(act.calendar)
            if not closed or closed[-1].period != act.period:
                last = f"{closed[-1].period} is" if closed else "none is"
                raise PeriodOutOfOrder(f"periods are reopened from the last closed one back, and {last} closed last")
        transition = (act.calendar, act.period, status.epoch, status.state.value, target.value)
        self._insert("period_transition", *transition, act.run, self._seq)

    def _manifest(self, run: NewRun, number: int) -> str:
        hashes = {file.path: file.sha256 for file in self._ledger.files()}
        unknown = [path for path in run.inputs if path not in hashes]
        if unknown:
            raise InternalError(f"the run read files that the books do not name: {', '.join(unknown)}")
        rulesets = self._ledger.rows("SELECT name, version FROM ruleset WHERE hash = ?", (run.ruleset,))
        if not rulesets:
            raise InternalError("the run's ruleset was not added to the books")
        [(name, version)] = rulesets
        outputs: dict[str, Json] = {
            file.name: {"path": file.path, "rows": file.rows, "sha256": file.sha256}
            for file in self._files
            if file.home == RUNS
        }
        manifest: dict[str, Json] = {
            "calendar": run.calendar,
            "period": run.period,
            "kind": run.kind.value,
            "number": number,
            "ruleset": {"name": name, "version": version, "hash": run.ruleset},
            "inputs": {path: hashes[path] for path in run.inputs},
            "outputs": outputs,
            "details": _exact(dict(run.details)),
            "head": {"seq": self._head.seq, "hash": self._head.hash},
        }
        return json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def _insert(self, table: str, *values: Value) -> None:
        self._ledger.connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in values)})", values)


def require(ledger: Ledger, state: State, by: str, act: Act, policy: Policy) -> None:
    """NotAllowed with the reason where somebody may not do an act as the books stand."""
    starts = {
        (calendar, name): start
        for calendar, name, start in ledger.rows("SELECT calendar, name, start_date FROM period")
    }
    said = refusal(state, by, act, Scene(policy, starts))
    if said:
        raise NotAllowed(said, act)


_MOVES: dict[type[Act], PeriodState] = {
    acts.CloseRequested: PeriodState.CLOSE_REQUESTED,
    acts.CloseRejected: PeriodState.TRIAL,
    acts.ReopenRequested: PeriodState.REOPEN_REQUESTED,
    acts.ReopenRejected: PeriodState.HARD_CLOSED,
    acts.Reopened: PeriodState.REOPENED,
}
"""The acts that move a period, and where to; runs move theirs with what they publish."""


def _check_total(total: ControlTotal) -> None:
    known = total.received is not None and total.quarantined is not None
    if known and total.received != total.accepted + (total.quarantined or 0):
        raise InternalError(f"{total.name} received is not accepted plus quarantined")


def _decimal_text(figure: Decimal | None) -> str | None:
    if figure is None:
        return None
    if not figure.is_finite():
        raise InternalError("a control total is not a number")
    return format(figure, "f")


def _check_beside(period: Period, status: PeriodStatus) -> None:
    other = status.period
    if period.name == other.name:
        raise PeriodOutOfOrder(
            f"{period.name} is registered from {other.start} to {other.end}, not {period.start} to {period.end};"
            " give the calendar its former dates"
        )
    if period.start <= other.end and other.start <= period.end:
        raise PeriodOutOfOrder(f"{period.name} overlaps {other.name}; correct the calendar")
    if status.state.is_closed and period.start < other.start:
        raise PeriodOutOfOrder(f"{period.name} lies before {other.name}, which is hard-closed; start later")


def _check_next(status: PeriodStatus, statuses: tuple[PeriodStatus, ...]) -> None:
    period = status.period
    earlier = [one for one in statuses if one.period.start < period.start]
    for one in earlier:
        if not one.state.is_closed:
            raise PeriodOutOfOrder(f"{one.period.name} is not hard-closed; close it before {period.name}")
    if earlier and earlier[-1].period.end + timedelta(days=1) != period.start:
        raise PeriodOutOfOrder(
            f"{period.name} starts on {period.start}, but {earlier[-1].period.name}, hard-closed last, ends on"
            f" {earlier[-1].period.end}; close the period between them first"
        )


def _exact(value: Json) -> Json:
    if isinstance(value, float):
        raise InternalError("a manifest holds a floating-point number")
    if isinstance(value, dict):
        return {key: _exact(part) for key, part in value.items()}
    return [_exact(part) for part in value] if isinstance(value, list) else value
