"""Commands that are killed, refused their file operations, or lose the power: the old books or the new ones."""

from __future__ import annotations

from tests.faults.conftest import Drive
from tests.faults.driver import CUTS, KILLS, RANDOM_KILLS, REFUSALS
from tests.support.promises import SCALE, reached, trials

EVERY = 0
BROKEN = ("lost", "partial", "unsound", "run again differs")


def test_commands_under_faults_leave_the_old_books_or_the_new_ones(drive: Drive) -> None:
    refusals = EVERY if SCALE == "release" else trials(5000, 12)
    figures = drive(kills=trials(10_000), refusals=refusals, images=trials(2000, 30))
    counted = figures["counted"]

    def of(*kinds: str, names: tuple[str, ...]) -> int:
        return sum(counted[kind].get(name, 0) for kind in kinds for name in names)

    def more(*kinds: str) -> dict[str, int]:
        return {
            "reopened": of(*kinds, names=("opened",)),
            "lost_acknowledgements": of(*kinds, names=("lost",)),
            "partial_states": of(*kinds, names=("partial",)),
            "stored_and_not_told": of(*kinds, names=("stored and not told",)),
        }

    kills = (KILLS, RANDOM_KILLS)
    ran = of(*kills, names=("trials",))
    reached(
        "P5",
        "kills at file operations of commands and at random moments",
        ran,
        of(*kills, names=BROKEN),
        **more(*kills),
    )
    ran = of(CUTS, names=("trials",))
    reached("P6", "images of the disk after a power cut", ran, of(CUTS, names=BROKEN), **more(CUTS))
    ran = of(REFUSALS, names=("trials",))
    reached("P7", "file operations of commands refused", ran, of(REFUSALS, names=BROKEN), **more(REFUSALS))
    tried = (*kills, REFUSALS)
    ran, twice = of(*tried, names=("run again",)), of(*tried, names=("posted twice",))
    reached("P10", "commands run again after a fault", ran, of(*tried, names=BROKEN[-1:]), double_postings=twice)
    assert figures["failures"] == []
    # The trials hit what they are about: commands that had stored and not told it, names and bytes not yet forced.
    assert counted[KILLS]["stored and not told"] > 0
    assert counted[CUTS]["forced to the disk"] > 50
    assert min(counted["operations"].values()) > 40
    assert any("is full, nothing was written" in sentence for sentence in figures["sentences"])
