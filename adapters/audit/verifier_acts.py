"""The second part of the verifier: what people did, gone through again from the ledger's acts.

`verifier.py` reads this file in from beside it. Nothing here is taken from tieout: who asked, who agreed and what was
frozen is told by the table `act` alone, and has to agree with the tables of periods, runs, loads and acceptances. Roles
and limits, which the rules state, are not judged again; that makers are not checkers is.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOVES = {
    "trial made": (("open", "trial", "close-requested", "reopened"), "trial"),
    "close requested": (("trial",), "close-requested"),
    "close rejected": (("close-requested",), "trial"),
    "hard closed": (("open", "trial", "close-requested", "reopened"), "hard-closed"),
    "reopening requested": (("hard-closed",), "reopen-requested"),
    "reopening rejected": (("reopen-requested",), "hard-closed"),
    "reopened": (("reopen-requested",), "reopened"),
}
"""The acts that move a period: from which states, to which."""

CLOSED = ("hard-closed", "reopen-requested")


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did: its publication, its place in there, who, what, with the values of its content."""

    seq: int
    number: int
    at: str
    by: str
    verb: str
    subject: str
    text: str
    values: Mapping[str, Any]

    @property
    def period(self) -> tuple[str, str]:
        """Calendar and name of the period it is about."""
        return str(self.values["calendar"]), str(self.values["period"])


def acts_of(ledger: sqlite3.Connection) -> list[Act]:
    """Every act in its order."""
    rows = ledger.execute("SELECT act.seq, number, at, actor, verb, act.subject, act.content FROM act"
                          " JOIN audit_event USING (seq) ORDER BY act.seq, number")  # fmt: skip
    return [*before_acts(ledger), *(Act(*(*row, json.loads(row[6]))) for row in rows)]


def before_acts(ledger: sqlite3.Connection) -> list[Act]:
    """What was done before an upgrade brought the table of acts: there only loads, runs and acceptances tell of it."""
    told = ledger.execute("""SELECT seq, at, actor, what, about, period, comment FROM audit_event JOIN (
            SELECT seq, 'file loaded' AS what, file_name AS about, '' AS period, '' AS comment FROM load
            UNION ALL SELECT seq, iif(kind = 'hard', 'hard closed', 'trial made'), calendar, period, '' FROM run
            UNION ALL SELECT DISTINCT seq, 'exceptions accepted', calendar, period, comment FROM exception_act)
        USING (seq), (SELECT min(seq) AS last FROM upgrade WHERE version >= 4), store_version
        WHERE seq < last AND first_version < 4 ORDER BY seq, what, about, period""")
    found = []
    for number, (seq, at, by, what, about, period, comment) in enumerate(told.fetchall(), 1):
        values = {"file": about} if what == "file loaded" else {"calendar": about, "period": period}
        values |= {"comment": comment} if comment else {"run": seq}
        text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        found.append(Act(seq, number, at, by, what, period or about, text, values))
    return found


@dataclass
class Closing:
    """How far one period is, and who had which part in it."""

    state: str = "open"
    epoch: int = 0
    trial_by: str = ""
    asked: Act | None = None
    agreed: list[str] = field(default_factory=list)


@dataclass
class Story:
    """What was done so far, gone through act by act; `wrong` collects what should not have been."""

    manifests: Mapping[int, tuple[str, str, str]]
    """Kind, period and manifest of each run."""
    starts: Mapping[tuple[str, str], str]
    people: dict[str, bool] = field(default_factory=dict)
    authors: dict[str, str] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    proposals: dict[str, Act] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    closings: dict[tuple[str, str], Closing] = field(default_factory=dict)
    moved: list[tuple[object, ...]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def say(self, act: Act, sentence: str) -> None:
        """Keep what is wrong with an act."""
        self.wrong.append(f"publication {act.seq}: {act.by}, {act.verb} {act.subject}: {sentence}")

    def add(self, act: Act) -> None:
        """Go on by one act."""
        if act.verb == "refused":
            return
        if json.dumps(act.values, ensure_ascii=False, sort_keys=True, separators=(",", ":")) != act.text:
            self.say(act, "its content is not written as an act is")
        if self.people and not self.people.get(act.by):
            self.say(act, "the books name nobody who could do this")
        value = act.values.get
        if act.verb in ("books founded", "person added", "person left"):
            self.people[str(value("person"))] = act.verb != "person left"
        elif act.verb.startswith("rules "):
            self._rules(act, str(value("version")))
        elif act.verb.startswith("override "):
            self._override(act, str(value("override")))
        elif act.verb in (*MOVES, "close approved", "reopening approved"):
            self._period(act, self.closings.setdefault(act.period, Closing()))

    def _rules(self, act: Act, version: str) -> None:
        if act.verb == "rules drafted":
            self.authors[version] = act.by
        elif self.authors.get(version) in (None, act.by):
            self.say(act, "nobody decides on rules that he wrote, or that nobody put forward")
        elif act.verb == "rules approved":
            self.approved.add(version)
        elif act.verb == "rules rejected":
            self.approved.discard(version)

    def _override(self, act: Act, name: str) -> None:
        if act.verb == "override proposed":
            self.proposals[name] = act
            return
        if name not in self.proposals or name in self.decided:
            self.say(act, "there is no such override to be decided on")
            return
        self.decided.add(name)
        if act.values["digest"] != hashlib.sha256(self.proposals[name].text.encode()).hexdigest():
            self.say(act, "it names another proposal than the one that was made")
        makers, earlier = set(), name
        while earlier in self.proposals:
            makers.add(self.proposals[earlier].by)
            earlier = str(self.proposals[earlier].values.get("replaces"))
        if act.verb != "override withdrawn" and act.by in makers:
            self.say(act, "nobody decides on what he proposed")

    def _period(self, act: Act, closing: Closing) -> None:
        if act.verb == "close approved":
            asked = closing.asked
            if asked is None or [asked.values[one] for one in ("run", "manifest")] != [
                act.values["run"],
                act.values["manifest"],
            ]:
                self.say(act, "nobody asked for that")
            elif act.by in (asked.by, closing.trial_by):
                self.say(act, "nobody approves what he made or asked for")
            closing.agreed.append(act.by)
        elif act.verb == "reopening approved":
            if closing.asked is None or act.by == closing.asked.by or act.by in closing.agreed:
                self.say(act, "a reopening is approved by two others")
            closing.agreed.append(act.by)
        else:
            self._move(act, closing)

    def _move(self, act: Act, closing: Closing) -> None:
        allowed, target = MOVES[act.verb]
        kind, period, manifest = self.manifests.get(act.values["run"], ("", "", ""))
        if closing.state not in allowed or period != act.period[1]:
            self.say(act, f"the period was {closing.state}, and run {act.values['run']} is of `{period}`")
        if act.verb in ("trial made", "hard closed") and (kind, act.values["run"]) != (act.verb.split()[0], act.seq):
            self.say(act, f"run {act.values['run']} is not what was published")
        if act.verb == "close requested" and act.values["manifest"] != hashlib.sha256(manifest.encode()).hexdigest():
            self.say(act, f"it does not name the manifest of run {act.values['run']}")
        if act.verb == "hard closed":
            self._freeze(act, closing, manifest)
        if (
            act.verb == "reopened"
            and len({one for one in closing.agreed if closing.asked and one != closing.asked.by}) < 2
        ):
            self.say(act, "two others did not agree")
        if act.verb in ("hard closed", "reopening requested", "reopened"):
            self._in_order(act)
        closing.epoch += act.verb == "hard closed"
        self.moved.append((*act.period, closing.epoch, closing.state, target, act.values["run"], act.seq))
        closing.state = target
        closing.asked = act if act.verb in ("close requested", "reopening requested") else None
        closing.agreed = []
        closing.trial_by = act.by if act.verb == "trial made" else closing.trial_by

    def _freeze(self, act: Act, closing: Closing, manifest: str) -> None:
        """What is frozen in governed books is what was asked for: same rules, same facts, same results."""
        if not self.people:
            return
        if closing.asked is None or not closing.agreed:
            self.say(act, "it was not asked for by one and approved by another")
            return
        if act.values["version"] not in self.approved:
            self.say(act, "its rules were not approved")
        asked, frozen = json.loads(self.manifests[closing.asked.values["run"]][2]), json.loads(manifest)
        kept = {name: frozen["outputs"].get(name) for name in asked["outputs"]}
        same = {name: one and one["sha256"] for name, one in kept.items()}
        if (asked["ruleset"], asked["inputs"]) != (frozen["ruleset"], frozen["inputs"]) or same != {
            name: one["sha256"] for name, one in asked["outputs"].items()
        }:
            self.say(act, f"it is not what run {closing.asked.values['run']} showed, which was agreed to")

    def _in_order(self, act: Act) -> None:
        """Periods are closed one after another and reopened from the last one back."""
        is_closing = act.verb == "hard closed"
        for (calendar, name), start in self.starts.items():
            one = self.closings.get((calendar, name), Closing())
            comes_first = (
                start < self.starts.get(act.period, "") if is_closing else start > self.starts.get(act.period, "")
            )
            if calendar == act.period[0] and comes_first and (one.state in CLOSED) != is_closing:
                self.say(act, f"{name} is {one.state}")


def problems(ledger: sqlite3.Connection) -> Iterator[str]:
    """Acts that should not have been, and periods, loads, runs and acceptances that no act tells of."""
    manifests = {row[0]: ("trial" if row[1] == "trial" else "hard", row[2], row[3])
                 for row in ledger.execute("SELECT id, kind, period, manifest FROM run")}  # fmt: skip
    starts = {row[:2]: row[2] for row in ledger.execute("SELECT calendar, name, start_date FROM period")}
    story, acts = Story(manifests, starts), acts_of(ledger)
    for act in acts:
        story.add(act)
    yield from story.wrong
    rows = ledger.execute("SELECT calendar, period, epoch, from_state, to_state, run, seq FROM period_transition")
    moved = set(rows.fetchall())
    for one in sorted(moved ^ set(story.moved), key=str):
        yield f"publication {one[6]}: acts and rows do not agree that {one[1]} went from {one[3]} to {one[4]}"
    for table, verbs in (("load", ("file loaded",)), ("run", ("trial made", "hard closed"))):
        told = sorted(act.seq for act in acts if act.verb in verbs)
        if told != sorted(row[0] for row in ledger.execute(f"SELECT seq FROM {table}")):
            yield f"the rows of {table} are not those that the acts tell of"
    if {act.seq for act in acts if act.verb == "exceptions accepted"} != {
        row[0] for row in ledger.execute("SELECT seq FROM exception_act")
    }:
        yield "the rows of exception_act are not those that the acts tell of"
