"""The log of what people did, refused acts too: each act once, in the order of the chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.books.ledger import Ledger
from engine.governance import acts

_UNSAID = frozenset({"digest", "manifest", "version", "ruleset", "evidence_sha256", "key", "tried", "about"})
"""Fields whose values are too long to be read, which JSON shows, or are said elsewhere."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An act as it was recorded.

    `seq` is its publication, `at` when (UTC), `did` its verb, `of` what it was done to, `period` the period it is about
    if any. Of a refused act `tried` is the verb that was refused. `content` holds its values by name.
    """

    seq: int
    at: str
    by: str
    did: str
    of: str
    period: str
    tried: str
    content: Mapping[str, Any]

    @property
    def words(self) -> str:
        """What else there is to say of it, on one line."""
        said = [
            f"{name.replace('_', ' ')} {value}"
            for name, value in self.content.items()
            if isinstance(value, (str, int)) and value not in ("", self.of) and name not in _UNSAID
        ]
        return "; ".join(one.removeprefix("reason " if self.tried else "comment ") for one in said)


def log_of(ledger: Ledger) -> tuple[LogEntry, ...]:
    """Every act of the books, oldest first."""
    periods: dict[str, str] = {}
    found = []
    for one in ledger.happened():
        content = json.loads(acts.text_of(one.act))
        about = content.get("about", "")
        if isinstance(one.act, acts.OverrideProposed):
            periods[one.act.override] = one.act.period
        period = content.get("period") or periods.get(str(content.get("override", about)), about)
        tried = one.act.tried if isinstance(one.act, acts.Refused) else ""
        of = about if tried else one.act.subject
        found.append(LogEntry(one.seq, one.at, one.by, one.act.verb, of, str(period), tried, content))
    return tuple(found)


def selected(
    entries: tuple[LogEntry, ...], by: str | None = None, verb: str | None = None, period: str | None = None
) -> tuple[LogEntry, ...]:
    """The entries of one person, one verb (done, or tried and refused) and one period; None for any."""
    return tuple(
        one
        for one in entries
        if by in (None, one.by) and verb in (None, one.did, one.tried) and period in (None, one.period)
    )
