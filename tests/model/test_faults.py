"""Every fault a ruleset can have is found, said in plain words, underlined where it stands, with what to do next."""

from __future__ import annotations

import pytest

from dsl.codes import CODES
from tests.model.small import SMALL, Fault, faults, planted, refused, told

FILES = ("names.txt", "types.txt", "tables.txt", "layers.txt", "journals.txt", "governance.txt", "overlays.txt")
FAULTS = [pytest.param(fault, id=fault.title) for file in FILES for fault in faults(file)]
WARNINGS = {
    "T001 units",
    "T203 recorded",
    "T204 recorded",
    "T304 unread",
    "T407 goods",
    "T501 gap",
    "W701 uncited",
    "W703 replaced",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told_once_in_plain_words(fault: Fault) -> None:
    texts = (SMALL, fault.overlay) if fault.overlay else (planted(*fault.changes),)
    found = told(*texts)
    assert fault.expected in found
    assert len(found) <= 3, "one slip must not bury the reader: what follows from it stays quiet"
    assert refused(*texts) is not (fault.title in WARNINGS)


def test_small_ruleset_is_without_fault() -> None:
    assert told(SMALL) == ()


def test_every_code_told_is_in_the_catalogue() -> None:
    codes = {fault.title.split()[0] for file in FILES for fault in faults(file)}
    assert codes <= set(CODES)
