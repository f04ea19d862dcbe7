from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from adapters.books.changes import Changes
from adapters.books.publication import utc_text
from adapters.books.store import Books, open_books
from dsl.diagnostics import InternalError
from tests.adapters.books.publishing import TEXTS, files_on_disk, parsed, publish_load

FACTS = """CREATE TABLE fact AS
    SELECT i AS source_row, 'partner ' || i % 7 AS partner,
        CASE WHEN i % 5 = 0 THEN NULL ELSE (i * 37 % 100000)::DECIMAL(18, 4) END AS amount,
        DATE '2026-01-01' + (i % 90)::INTEGER AS day
    FROM range(300000) AS rows (i) ORDER BY hash(i + {seed})"""
ORDERED = "SELECT partner, day, amount, source_row FROM fact ORDER BY partner, day, source_row"


def _bytes_of(books: Books, seed: int, threads: int) -> bytes:
    with duckdb.connect() as connection, books.publication("load") as publication:
        connection.execute(f"SET threads = {threads}")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(FACTS.format(seed=seed))
        publication.write(connection, parsed(ORDERED), "pos")
        return (publication.staging / "facts" / "pos.parquet").read_bytes()


def test_the_same_rows_give_the_same_bytes_whatever_their_order_and_the_threads(books: Books) -> None:
    contents = {_bytes_of(books, seed, threads) for seed, threads in ((0, 1), (1, 2), (2, 4), (3, 4))}
    assert len(contents) == 1


def test_an_entry_tells_what_the_file_holds(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    query = 'SELECT 1::BIGINT AS "source-row", 2.5::DECIMAL(18, 4) AS amount, NULL::DATE AS day ORDER BY 1'
    with books.publication("load") as publication:
        file = publication.write(connection, parsed(query), "pos")
        content = (publication.staging / "facts" / "pos.parquet").read_bytes()
        publication.commit(lambda changes: None)
    assert file.path == "facts/00000001/pos.parquet"
    assert (file.rows, file.size, file.sha256) == (1, len(content), hashlib.sha256(content).hexdigest())
    assert file.columns == (("source-row", "BIGINT"), ("amount", "DECIMAL(18,4)"), ("day", "DATE"))
    assert books.path(file).read_bytes() == content
    assert books.path(file).stat().st_mode & 0o222 == 0
    assert books.fact_entries("pos") == (file,)


def test_an_empty_relation_is_a_file_too(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    with books.publication("run") as publication:
        file = publication.write(connection, parsed("SELECT 1 AS posting WHERE FALSE ORDER BY posting"), "journal")
    assert (file.rows, file.columns) == (0, (("posting", "INTEGER"),))


def test_files_written_together_each_have_their_own_columns(
    books: Books, connection: duckdb.DuckDBPyConnection
) -> None:
    queries = {
        "siso": parsed("SELECT ['a'] AS cells, {'k': 1.5::DECIMAL(9, 2), 'l': [1]} AS nested, 7 AS last ORDER BY last"),
        "journal": parsed("SELECT 1::BIGINT AS posting, 'x' AS role ORDER BY posting"),
    }
    with books.publication("run") as publication:
        siso, journal = publication.write_all(connection, queries)
    nested = "STRUCT(k DECIMAL(9,2), l INTEGER[])"
    assert (siso.name, siso.columns) == ("siso", (("cells", "VARCHAR[]"), ("nested", nested), ("last", "INTEGER")))
    assert (journal.name, journal.columns) == ("journal", (("posting", "BIGINT"), ("role", "VARCHAR")))
    with books.publication("run") as publication, pytest.raises(InternalError, match="same name"):
        publication.write_all(connection, {"journal": queries["journal"], "Journal": queries["journal"]})


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS a",
        "SELECT a FROM (SELECT 1 AS a ORDER BY a)",
        "SELECT 1 AS a UNION ALL (SELECT 2 AS a ORDER BY a)",
    ],
)
def test_only_one_ordered_query_is_published(books: Books, connection: duckdb.DuckDBPyConnection, query: str) -> None:
    with books.publication("run") as publication, pytest.raises(InternalError, match="one ordered query"):
        publication.write(connection, parsed(query), "journal")


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "DOUBLE[]"])
def test_floating_point_is_not_published(books: Books, connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    value = "[0.1::DOUBLE]" if kind.endswith("[]") else f"0.1::{kind}"
    with (
        books.publication("run") as publication,
        pytest.raises(InternalError, match=r"amount of journal is .* not exact"),
    ):
        publication.write(connection, parsed(f"SELECT {value} AS amount, 1 AS posting ORDER BY posting"), "journal")


def test_a_name_is_written_once_and_leads_nowhere(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    with books.publication("run") as publication:
        publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), "journal")
        for name in ("journal", "Journal"):
            with pytest.raises(InternalError, match="twice"):
                publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), name)
        for name in ("../journal", "a/b", ".hidden", ""):
            with pytest.raises(InternalError, match="cannot name a file"):
                publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), name)


def test_only_loads_and_runs_hold_files_and_only_loads_refuse_rows(
    books: Books, connection: duckdb.DuckDBPyConnection
) -> None:
    with books.publication("periods") as publication, pytest.raises(InternalError, match="holds no files"):
        publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), "journal")
    with books.publication("run") as publication, pytest.raises(InternalError, match="no quarantine"):
        publication.write_quarantine(connection, parsed("SELECT 1 AS a ORDER BY a"), "feed")


def test_a_folder_with_a_quote_in_its_name_is_a_folder(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with open_books(tmp_path / "o'hara; --" / "books", write=True, create=True) as books:
        publish_load(books, connection, "a.csv")
        assert books.verify() == []


def test_what_is_not_committed_leaves_nothing(
    books: Books, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    with books.publication("load") as publication:
        publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), "pos")
        assert len(files_on_disk(folder)) == 1
    assert files_on_disk(folder) == set()
    assert list((folder / "staging").iterdir()) == []
    assert books.ledger.head().seq == 0


def _refuse(changes: Changes) -> None:
    changes.add_ruleset("client", "7", TEXTS)
    raise KeyError("a change of mind")


def test_a_change_that_is_refused_undoes_the_whole_publication_and_the_books_go_on(
    books: Books, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    with books.publication("load") as publication:
        publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), "pos")
        with pytest.raises(KeyError):
            publication.commit(_refuse)
    assert files_on_disk(folder) == set()
    assert (books.ledger.head().seq, books.ledger.files(), books.ledger.rulesets()) == (0, (), ())
    assert publish_load(books, connection, "a.csv").seq == 1
    assert books.verify() == []


def test_a_row_the_ledger_refuses_is_our_fault(books: Books) -> None:
    def break_a_constraint(changes: Changes) -> None:
        changes._insert("period", "fiscal", "", "2026-01-31", "2026-01-01", 1)

    with books.publication("periods") as publication, pytest.raises(InternalError, match="the ledger refused"):
        publication.commit(break_a_constraint)
    assert books.ledger.head().seq == 0


def test_a_publication_is_committed_once(books: Books) -> None:
    with books.publication("periods") as publication:
        publication.commit(lambda changes: None)
        with pytest.raises(InternalError, match="twice"):
            publication.commit(lambda changes: None)
    assert books.ledger.head().seq == 1


def test_a_staged_file_that_changed_is_not_published(
    books: Books, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    with books.publication("load") as publication:
        publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), "pos")
        with (publication.staging / "facts" / "pos.parquet").open("ab") as file:
            file.write(b"more")
        with pytest.raises(InternalError, match="changed between"):
            publication.commit(lambda changes: None)
    assert files_on_disk(folder) == set()


def test_a_head_that_moved_meanwhile_refuses_the_publication(books: Books) -> None:
    with books.publication("periods") as publication:
        books.ledger.connection.execute("UPDATE head SET hash = ?", ("0" * 64,))
        with pytest.raises(Exception, match="changed by another process, nothing was written"):
            publication.commit(lambda changes: None)
    assert books.ledger.audit_events() == ()


def test_a_removed_lock_refuses_the_publication(
    books: Books, folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    with books.publication("load") as publication:
        publication.write(connection, parsed("SELECT 1 AS a ORDER BY a"), "pos")
        (folder / "lock").unlink()
        with pytest.raises(Exception, match="lock was removed or replaced"):
            publication.commit(lambda changes: None)
    assert books.ledger.head().seq == 0


def test_the_event_says_who_did_what_when(books: Books, connection: duckdb.DuckDBPyConnection) -> None:
    receipt = publish_load(books, connection, "a.csv")
    [event] = books.ledger.audit_events()
    assert (event.at, event.actor, event.action, event.subject) == (
        "2026-04-01T08:30:00.000000Z",
        "preparer",
        "load",
        "a.csv",
    )
    head = books.ledger.head()
    assert (receipt.seq, receipt.hash) == (head.seq, head.hash) == (event.seq, event.hash)
    assert event.prev_hash == books.ledger.genesis().hash


def test_times_are_utc_text() -> None:
    zone = timezone(timedelta(hours=2))
    assert utc_text(datetime(2026, 4, 1, 1, 0, tzinfo=zone)) == "2026-03-31T23:00:00.000000Z"
    assert utc_text(datetime(2026, 4, 1, tzinfo=UTC)) == "2026-04-01T00:00:00.000000Z"
    with pytest.raises(InternalError):
        utc_text(datetime(2026, 4, 1))  # noqa: DTZ001


def test_duckdb_still_serialises_queries_as_the_order_check_expects(connection: duckdb.DuckDBPyConnection) -> None:
    query = "WITH a AS (SELECT 1 AS b) SELECT b FROM a UNION ALL SELECT 2 ORDER BY b"
    [(text,)] = connection.execute("SELECT json_serialize_sql($query)", {"query": query}).fetchall()
    [statement] = json.loads(text)["statements"]
    assert [modifier["type"] for modifier in statement["node"]["modifiers"]] == ["ORDER_MODIFIER"]
