from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from adapters.books.errors import BooksCorrupted, BooksError
from adapters.books.layout import HOMES, Layout, publication_name, refuse_links, relative_path
from adapters.books.store import Books, open_books
from dsl.diagnostics import InternalError
from tests.adapters.books.publishing import publish_load


def test_publication_folders_sort_as_they_follow() -> None:
    assert publication_name(7) == "00000007"
    assert relative_path("facts", 12, "pos-lines") == "facts/00000012/pos-lines.parquet"
    with pytest.raises(InternalError):
        relative_path("facts", 12, "../pos")


def test_only_publications_are_listed(tmp_path: Path) -> None:
    for name in ("facts/00000002", "runs/00000001", "runs/123", "quarantine/notes", "other/00000001"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "facts" / "00000003").symlink_to(tmp_path / "runs" / "00000001")
    (tmp_path / "runs" / "00000004").touch()
    assert Layout(tmp_path).published() == (("facts", 2), ("runs", 1))


@pytest.mark.parametrize("name", ["ledger.sqlite", "lock", "ledger.sqlite-wal", *HOMES, "staging"])
def test_symbolic_links_are_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with open_books(folder, write=True, create=True):
        pass
    if not (folder / name).exists():
        (folder / name).touch()
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    for write in (False, True):
        with (
            pytest.raises(BooksError, match=f"{name} (is a symbolic link|must be a folder)"),
            open_books(folder, write=write),
        ):
            pass


@pytest.mark.parametrize("name", ["ledger.sqlite", "lock"])
def test_hard_links_are_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with open_books(folder, write=True, create=True):
        pass
    os.link(folder / name, tmp_path / "second name")
    for write in (False, True):
        with pytest.raises(BooksError, match=r"second name \(hard link\)"), open_books(folder, write=write):
            pass


def test_a_hard_linked_copy_of_the_books_is_no_second_way_in(
    books: Books, folder: Path, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    publish_load(books, connection, "a.csv")
    (tmp_path / "copy").mkdir()
    os.link(folder / "ledger.sqlite", tmp_path / "copy" / "ledger.sqlite")
    with pytest.raises(BooksError, match="hard link"), open_books(tmp_path / "copy", write=True):
        pass


def test_a_linked_books_folder_is_the_folder_itself(books: Books, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    with open_books(tmp_path / "alias", write=False) as reader:
        assert reader.layout == books.layout
    with pytest.raises(BooksError, match="is being written"), open_books(tmp_path / "alias", write=True):
        pass


def test_a_folder_in_the_ledgers_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(BooksCorrupted, match="is not a file"):
        refuse_links(Layout(tmp_path))
