"""The evaluator alone: raw SQL in the hands of a run's own database reads, writes, sets and reaches nothing outside."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from adapters.duckdb_executor import DuckDBExecutor
from tests.isolation.hostile import SECRET, Outside, functions, queries, statements
from tests.isolation.watching import watched
from tests.support.promises import reached, trials

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what was opened is seen by inotify")

QUIET = {"sleep_ms"}
"""Functions that only take time: a limit on time is the operating system's."""

SETTINGS = (
    "SELECT name, value FROM duckdb_settings() WHERE name NOT IN ('duckdb_api', 'schema', 'search_path') ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A run's executor, what lies outside of it, and a server that nobody may call."""

    executor: DuckDBExecutor
    outside: Outside
    server: socket.socket
    own: Path


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("ISOLATION_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        outside = Outside.made(tmp_path / "outside", server.getsockname()[1])
        own = tmp_path / "own.parquet"
        own.write_bytes((outside.folder / "secret.parquet").read_bytes())
        (tmp_path / "spill").mkdir()
        # A limit on memory gives the database an instance of its own in tests, confined as that of a command is.
        with DuckDBExecutor(
            threads=1, memory_limit="500MB", temporary_folder=tmp_path / "spill", reads=(own,)
        ) as executor:
            executor.append("granted", (("a", "INTEGER"),), [(1,)])
            yield Trial(executor, outside, server, own)


def content(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def leaks(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Run a text as far as it goes; whether a secret came back."""
    try:
        rows = connection.execute(text).fetchmany(200)
    except duckdb.Error as error:
        return SECRET in str(error).replace(text, "") and SECRET not in text
    finally:
        _end(connection)
    return SECRET in repr(rows) and SECRET not in text


def _end(connection: duckdb.DuckDBPyConnection) -> None:
    """End what a text began, or every later one would only be told that a transaction is aborted."""
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        return


def harm(trial: Trial, texts: list[str]) -> list[str]:
    """What came of running hostile texts: secrets told, files touched, settings changed, calls made."""
    connection = trial.executor.connection
    before, settings = content(trial.outside.folder), connection.execute(SETTINGS).fetchall()
    with watched(trial.outside.folder) as touched:
        found = [text for text in texts if leaks(connection, text)]
    found += [f"touched {one}" for one in touched]
    if content(trial.outside.folder) != before:
        found.append("a file outside was changed")
    if (now := connection.execute(SETTINGS).fetchall()) != settings:
        found += [f"setting {one}" for one in set(now) - set(settings)]
    try:
        trial.server.accept()
        found.append("the server was called")
    except BlockingIOError:
        pass
    return found


def test_no_hostile_statement_does_harm(trial: Trial) -> None:
    every = [*queries(trial.outside), *statements(trial.outside)]
    hostile = random.Random(30).sample(every, trials(len(every), len(every) // 10))
    found = harm(trial, hostile)
    reached("P13", "evaluator alone: hostile statements run as they are", len(hostile), len(found))
    assert len(every) >= 2_000
    assert found == []


def test_no_function_does_harm(trial: Trial) -> None:
    """Called with a path, with none, and as a relation; the server's address is tried as a path, too."""
    every = [name for name, _ in functions() if name not in QUIET]
    listed = random.Random(31).sample(every, trials(len(every), len(every) // 20))
    paths = [str(trial.outside.folder / "secret.csv"), f"http://127.0.0.1:{trial.outside.port}/x.csv"]
    texts = [
        text
        for name in listed
        for path in paths
        for text in (
            f"SELECT \"{name}\"('{path}')", f"SELECT * FROM \"{name}\"('{path}')",
            f"SELECT * FROM \"{name}\"(['{path}'])", f'SELECT "{name}"()', f'SELECT * FROM "{name}"()',
            f"CALL \"{name}\"('{path}')", f"PRAGMA \"{name}\"('{path}')",
        )
    ]  # fmt: skip
    found = harm(trial, texts)
    reached("P13", "evaluator alone: functions DuckDB lists, called in seven ways", len(listed), len(found))
    assert found == []


def test_what_was_given_is_read_and_the_folder_beside_it_is_not(trial: Trial) -> None:
    connection = trial.executor.connection
    assert connection.execute(f"SELECT a FROM read_parquet('{trial.own}')").fetchall() == [(SECRET,)]
    for text in (
        f"SELECT * FROM glob('{trial.own.parent}/*')",
        f"SELECT * FROM read_text('{trial.own.parent}/outside/*')",
    ):
        with pytest.raises(duckdb.PermissionException):
            connection.execute(text)


def test_a_file_given_to_read_can_be_written_over_by_raw_sql_alone(trial: Trial) -> None:
    """What is not prevented here: DuckDB's permission to read a file is also one to write it. Compiler and guard refuse
    the statement, published files are read-only for all but root, and what was changed no longer has its hash."""
    trial.executor.connection.execute(f"COPY (SELECT 1) TO '{trial.own}' (FORMAT csv, USE_TMP_FILE false)")
    assert trial.own.read_bytes() == b"1\n1\n"


def test_the_sentries_of_this_test_see_harm(tmp_path: Path) -> None:
    """The same texts on a database that nothing was switched off in."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        outside = Outside.made(tmp_path / "outside", server.getsockname()[1])
        path = outside.folder / "secret.csv"
        with duckdb.connect() as connection:
            open_wide = DuckDBExecutor(threads=1)
            open_wide.connection.close()
            open_wide.connection = connection
            found = harm(
                Trial(open_wide, outside, server, path),
                [
                    f"SELECT * FROM '{path}'",
                    f"COPY (SELECT 1) TO '{path}'",
                    "SET GLOBAL ieee_floating_point_ops = false",
                ],
            )
    assert found[0].startswith("SELECT")
    assert any(one.startswith("touched secret.csv") for one in found)
    assert "a file outside was changed" in found
    assert any("ieee_floating_point_ops" in one for one in found)


def test_work_larger_than_memory_is_spilled_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "spill"
    with DuckDBExecutor(threads=1, memory_limit="30MB", temporary_folder=folder) as executor:
        executor.connection.execute(
            "CREATE TABLE long AS SELECT range AS a, md5(range::VARCHAR) AS b FROM range(700000)"
        )
        assert [one.name for one in folder.iterdir()] != []
        assert executor.connection.execute("SELECT count(DISTINCT b) FROM long").fetchall() == [(700_000,)]
