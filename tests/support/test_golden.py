from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.golden import Golden, golden_folder


def test_what_was_accepted_is_compared_byte_for_byte(tmp_path: Path) -> None:
    Golden(tmp_path, accept=True).check("journal.txt", "debit 5 ✓\r\n")
    Golden(tmp_path, accept=False).check("journal.txt", "debit 5 ✓\r\n")
    with pytest.raises(AssertionError, match=r"journal\.txt is not what was accepted"):
        Golden(tmp_path, accept=False).check("journal.txt", "debit 5 ✓\n")


def test_a_missing_golden_file_fails_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="make accept"):
        Golden(tmp_path, accept=False).check("new.txt", "x")
    assert list(tmp_path.iterdir()) == []


def test_golden_files_lie_beside_their_test() -> None:
    assert golden_folder(Path("tests/dsl/test_format.py")) == Path("tests/dsl/golden/test_format")
