"""P11: whatever is changed in books behind tieout's back is found, by either verifier."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.audit.verifier import verify
from adapters.books.store import verify_books
from tests.adapters.audit.tampering import KINDS, Place, SoundBooks, content_of, files_of, tampered, with_log
from tests.support.promises import reached, trials

SEED = 20260401
MEMORY = Path("/dev") / "shm"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A folder to work in, in memory where there is such a place."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Place(Path(folder))


@pytest.fixture(scope="module")
def sound(story: Path, older: list[Path]) -> SoundBooks:
    """The story's books as they are now, with a log, and as backups of former days have them."""
    books = SoundBooks(files_of(story.parent), with_log(story))
    books.older = [files_of(one) for one in older]
    return books


def test_sound_books_are_sound_to_both(place: Place, sound: SoundBooks) -> None:
    for files in (sound.now, sound.logged):
        place.put(files)
        assert (verify_books(place.books), verify(place.books).problems) == ([], ())
    for files in sound.older:
        place.put(files)
        assert (verify_books(place.books), verify(place.books).problems) == ([], ()), "a backup put back as a whole"


def test_every_change_is_found(place: Place, sound: SoundBooks) -> None:
    """Harmless is only what leaves every row, statement and file as it was: a byte that SQLite does not read."""
    place.put(sound.now)
    before = content_of(place.folder)
    wanted = trials(10_000, per_commit=3 * len(KINDS))
    tried, by_first, by_second, harmless = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    unfound = []
    for number in range(wanted):
        kind, chance = KINDS[number % len(KINDS)], random.Random(SEED + number)
        while True:
            tampered(place, sound, kind, chance)
            first, second = bool(verify_books(place.books)), bool(verify(place.books).problems)
            if first or second or content_of(place.folder) != before:
                break
            harmless[kind] += 1
        tried[kind] += 1
        by_first[kind] += first
        by_second[kind] += second
        if not first and not second:
            unfound.append((number, kind))
    reached(
        "P11", f"books changed behind tieout's back, {len(KINDS)} kinds of change", wanted, len(unfound),
        found_by_books_verify=by_first.total(), found_by_audit_verify=by_second.total(),
        flipped_bytes_that_nothing_reads=harmless.total(),
        **{kind.replace(" ", "_").replace(",", "").replace("-", "_"): tried[kind] for kind in KINDS},
    )  # fmt: skip
    assert unfound == []
    assert by_second == tried
    assert set(tried) == set(KINDS)
    assert set(harmless) <= {"bytes of the ledger flipped"}


def test_books_put_back_with_their_heads_are_told_by_a_printed_head_alone(place: Place, sound: SoundBooks) -> None:
    """What docs/audit.md says is not detected: then only a head that lies elsewhere tells."""
    place.put(sound.now)
    printed = verify(place.books).head
    shutil.rmtree(place.folder / "books")
    place.put(sound.older[-1])
    assert (verify_books(place.books), verify(place.books).problems) == ([], ())
    [problem] = verify(place.books, head=printed).problems
    assert problem.startswith("the books end with publication ")
