"""Commands that are killed, refused their file operations, or lose the power: the old books or the new ones."""

from __future__ import annotations

from tests.faults.conftest import Drive
from tests.support.promises import SCALE, reached, trials

EVERY = 0
KILLS, RANDOM_KILLS = "kills at an operation", "kills at a random moment"
REFUSALS, CUTS = "refused operations", "power cuts"


def test_commands_under_faults_leave_the_old_books_or_the_new_ones(drive: Drive) -> None:
    refusals = EVERY if SCALE == "release" else trials(3000, 16)
    figures = drive(kills=trials(10_000), refusals=refusals, images=trials(2000, 40))
    counted = figures["counted"]
    for promise, what in (("P5", KILLS), ("P5", RANDOM_KILLS), ("P7", REFUSALS), ("P6", CUTS)):
        one = counted[what]
        reached(
            promise,
            what,
            one["trials"],
            sum(one.get(name, 0) for name in ("lost", "partial", "unsound", "run again differs")),
            reopened=one["opened"],
            lost_acknowledgements=one.get("lost", 0),
            partial_states=one.get("partial", 0),
            stored_and_not_told=one.get("stored and not told", 0),
        )
        assert one["opened"] == one["trials"]
    names = ("run again", "run again differs", "posted twice")
    again, differing, twice = (sum(one.get(name, 0) for one in counted.values()) for name in names)
    reached("P10", "commands run again after a fault", again, differing, double_postings=twice)
    assert figures["failures"] == []
    # The trials hit what they are about: commands that had stored and not told it, names and bytes not yet forced.
    assert counted[KILLS].get("told", 0) < counted[KILLS]["trials"] / 2
    assert counted[KILLS]["stored and not told"] > 0
    assert counted[CUTS]["forced to the disk"] > 50
    assert min(counted["operations"].values()) > 50
    assert any("is full, nothing was written" in sentence for sentence in figures["sentences"])
