from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from adapters.books import durable


def test_a_rename_forces_both_folders_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync, move = os.fsync, os.rename

    def recorded(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        synced.append("renamed")
        move(source, target)

    monkeypatch.setattr(os, "fsync", recorded)
    monkeypatch.setattr(os, "rename", renamed)
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "facts").mkdir()
    durable.make_folder(tmp_path / "facts")
    durable.rename(tmp_path / "staging" / "facts", tmp_path / "facts" / "00000001")
    assert (tmp_path / "facts" / "00000001").is_dir()
    assert synced == [str(tmp_path), "renamed", str(tmp_path / "facts"), str(tmp_path / "staging")]


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "file").touch()
    durable.make_folder(tmp_path / "facts")
    assert (tmp_path / "facts" / "file").exists()


def test_removing_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    for name in ("link", "folder", "missing"):
        durable.remove(tmp_path / name)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept"]


def test_a_hash_is_of_all_bytes(tmp_path: Path) -> None:
    content = os.urandom(durable.CHUNK_BYTES * 2 + 7)
    (tmp_path / "file").write_bytes(content)
    assert durable.sha256_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()
