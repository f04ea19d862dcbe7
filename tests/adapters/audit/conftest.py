from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.books.anchor import anchor_of
from tests.adapters.audit.governed import copied, publish_story


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """Books that name people, and copies of them and their heads from former days."""
    folder = tmp_path_factory.mktemp("story") / "books"
    older: list[Path] = []

    def backup() -> None:
        older.append(tmp_path_factory.mktemp("older"))
        # The log was copied into the ledger with each commit; shared memory is none of a backup's.
        shutil.copytree(folder, older[-1] / "books", ignore=shutil.ignore_patterns("*-shm", "*-wal"))
        shutil.copy(anchor_of(folder).path, older[-1])

    publish_story(folder, backup)
    return folder, older


@pytest.fixture(scope="session")
def story(told: tuple[Path, list[Path]]) -> Path:
    """Sound books that name people; nobody may change them."""
    return told[0]


@pytest.fixture(scope="session")
def older(told: tuple[Path, list[Path]]) -> list[Path]:
    """Folders with the same books and heads as they were on former days."""
    return told[1]


@pytest.fixture
def folder(story: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of them to be changed."""
    yield copied(story, tmp_path / "books")
    assert anchor_of(story).path.exists()
