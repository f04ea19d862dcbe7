from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.books.anchor import anchor_of
from tests.adapters.audit.governed import copied, publish_story


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound books that name people; nobody may change them."""
    folder = tmp_path_factory.mktemp("story") / "books"
    publish_story(folder)
    return folder


@pytest.fixture
def folder(story: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of them to be changed."""
    yield copied(story, tmp_path / "books")
    assert anchor_of(story).path.exists()
