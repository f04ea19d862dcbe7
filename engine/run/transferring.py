"""Pools between which units go, replayed together: a transfer takes units out of one pool and puts them into another.

What goes from pool to pool on one day goes before anything else leaves on that day, and in the order in which it can:
who gives on what it receives on the same day receives first. Transfers of a day that go round have no such order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from engine.plan.units.layers.policy import Placing
from engine.run.fold import CHANGE, LEAVES, OPENS, Event, Folded, Opening, Pool

Shared = tuple[
    int, int | None, int | None, date, int, int, int, int, int, str | None, str | None, str | None, str | None
]
"""group, pool that receives and its event (of transfers alone), date, then an event of `engine.run.fold`."""

ROUND = "round"
"""The problem of a day whose transfers go round."""


class Groups:
    """Replays events given in the order of (group, event); `begins` says what each pool begins with."""

    def __init__(self, policy: Placing, begins: Mapping[int, Opening], found: Folded) -> None:
        self.events = 0
        self._policy = policy
        self._begins = begins
        self._found = found
        self._group: int | None = None
        self._pools: dict[int, Pool] = {pool: Pool(pool, policy, opening, found) for pool, opening in begins.items()}
        self._waiting: list[Shared] = []

    def play(self, rows: Iterable[Shared]) -> None:
        """Replay some events; a group's events may be spread over several calls."""
        for row in rows:
            self.events += 1
            if self._waiting and (row[1] is None or (row[0], row[3]) != (self._waiting[0][0], self._waiting[0][3])):
                self._hand_over()
            if row[1] is not None:
                self._waiting.append(row)
                continue
            event, pool = row[4:], self._pools[row[4]]
            if event[2] == LEAVES:
                pool.leave(event)
            elif event[2] == OPENS:
                pool.open(event)
            elif event[2] == CHANGE:
                pool.change(event[1])
            else:
                pool.bring_back(event)

    def finish(self) -> None:
        """Hand over what still waits, and note every pool's state."""
        self._hand_over()
        for number in sorted(self._pools):
            self._pools[number].hand_over()

    def _hand_over(self) -> None:
        """Transfers of one day: those first whose pool receives nothing more on it."""
        waiting, self._waiting = self._waiting, []
        while waiting:
            receiving = {row[1] for row in waiting}
            ready = [row for row in waiting if row[4] not in receiving]
            if not ready:
                event = waiting[0][4:]
                self._found.problems.append((event[0], event[1], ROUND, event[3]))
                return
            for row in ready:
                self._transfer(row[4:], row[1], row[2])
            waiting = [row for row in waiting if row[4] in receiving]

    def _transfer(self, event: Event, receiver: int | None, arrival: int | None) -> None:
        assert receiver is not None
        assert arrival is not None
        giver = self._pools[event[0]]
        pieces, missing = giver.give(event)
        for piece in pieces:
            self._pools[receiver].receive(arrival, piece, giver.names_of(piece[1]))
        if missing:
            self._found.problems.append((event[0], event[1], "oversell", missing))
