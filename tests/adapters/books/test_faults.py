"""When something dies or fills up half-way: the old state or the new one, and success only if it is stored."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from adapters.books.errors import BooksError
from adapters.books.store import Books, open_books, verify_books
from tests.adapters.books.publishing import fixed_clock, parsed, publish_load

WRITES = ("fsync", "rename", "mkdir", "chmod")


@contextmanager
def _failing(monkeypatch: pytest.MonkeyPatch, count: int, number: int) -> Iterator[list[int]]:
    """Let the `count`-th writing file operation fail with an error number; what is yielded holds how many are left."""
    left = [count]

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(number, os.strerror(number))
            return operation(*arguments, **named)

        return run

    with monkeypatch.context() as patch:
        for name in WRITES:
            patch.setattr(os, name, counted(getattr(os, name)))
        yield left


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "is full"), (errno.EIO, "Input/output error")])
def test_a_write_that_fails_at_any_point_is_one_sentence_and_the_old_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch, connection: duckdb.DuckDBPyConnection, number: int, words: str
) -> None:
    told: list[str] = []
    refused = ""
    for count in range(1, 100):
        name = f"{count}.csv"
        with _failing(monkeypatch, count, number) as left:
            try:
                with open_books(folder, write=True, create=True) as books:
                    publish_load(books, connection, name)
                told.append(name)
            except BooksError as error:
                refused = str(error)
        if left[0] > 0:
            break
        assert words in refused or "the disk is full" in refused
        if "what was asked is stored" in refused:
            told.append(name)
        else:
            assert "nothing was written" in refused
        if (folder / "ledger.sqlite").exists():
            assert verify_books(folder) == []
            with open_books(folder, write=False) as books:
                assert [load.file_name for load in books.loads()] == told
    assert 10 < count < 99
    assert told[-1] == name


def test_books_go_on_after_a_publication_for_which_the_disk_was_full(
    books: Books, monkeypatch: pytest.MonkeyPatch, connection: duckdb.DuckDBPyConnection
) -> None:
    refused = ""
    for count in range(1, 100):
        with _failing(monkeypatch, count, errno.ENOSPC) as left:
            try:
                publish_load(books, connection, f"{count}.csv")
            except BooksError as error:
                refused = str(error)
        if left[0] > 0 or "what was asked is stored" in refused:
            break
        assert "is full, nothing was written" in refused
    assert count > 5
    assert [load.file_name for load in books.loads()] == [f"{count}.csv"]
    assert books.verify() == []


def test_a_parquet_file_for_which_there_is_no_room_is_one_sentence(
    books: Books, connection: duckdb.DuckDBPyConnection
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    query = "SELECT hash(i) AS noise FROM range(500000) AS rows (i) ORDER BY noise"
    with books.publication("load") as publication:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        try:
            with pytest.raises(BooksError, match="is full, nothing was written; free some space"):
                publication.write(connection, parsed(query), "pos")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(books.layout.staging.iterdir()) == []
    publish_load(books, connection, "a.csv")
    assert books.verify() == []


def test_a_commit_that_fails_stops_the_books_until_they_are_opened_again(
    folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    with open_books(folder, write=True, create=True, clock=fixed_clock) as books:
        publish_load(books, connection, "a.csv")
        with books.publication("periods") as publication:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
            try:
                with pytest.raises(BooksError, match=r"may or may not be stored.*run it again"):
                    publication.commit(lambda changes: changes.add_ruleset("client", "7", {"client.tieout": "text"}))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        with pytest.raises(BooksError, match="must be opened again"), books.publication("periods"):
            pass
    with open_books(folder, write=True) as books:
        publish_load(books, connection, "b.csv")
        assert books.verify() == []


@contextmanager
def _small_disk(place: Path, kilobytes: int) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes rights that this user lacks")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _publish_until_full(folder: Path, connection: duckdb.DuckDBPyConnection, told: list[str]) -> None:
    with open_books(folder, write=True, create=True) as books:
        for number in range(100):
            publish_load(books, connection, f"{number}.csv")
            told.append(f"{number}.csv")


@pytest.mark.parametrize("kilobytes", [100, 140, 172, 204, 236, 300, 420])
def test_a_disk_that_is_really_full_keeps_what_was_told_and_nothing_else(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, kilobytes: int
) -> None:
    place, told = tmp_path / "disk", list[str]()
    folder = place / "books"
    with _small_disk(place, kilobytes):
        with pytest.raises(BooksError, match="is full, nothing was written"):
            _publish_until_full(folder, connection, told)
        subprocess.run(["mount", "-o", "remount,size=4m", str(place)], check=True)
        with open_books(folder, write=True, create=True) as books:
            assert [load.file_name for load in books.loads()] == told
            assert publish_load(books, connection, "more.csv").seq == len(told) + 1
            assert books.verify() == []
