"""Databases that a run computes in: they read what they were given and write where they were told, and nothing else.

DuckDB treats SQL as a shell treats its commands: it can read any file, load code from the network and change its own
settings. So each database of a run is made with all of this switched off, and then its configuration is locked. What it
may read is a list of single files, and where it may write a list of folders. DuckDB has no permission to read alone: a
file on the list could be written over by a statement that no query of a relation can be (`engine/plan/allowed.py`), and
a folder on it can be read. Published files are read-only, which holds for everyone but root.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
from sqlglot import exp

_OFF = (
    "autoinstall_known_extensions",
    "autoload_known_extensions",
    "allow_community_extensions",
    "allow_persistent_secrets",
    "enable_external_file_cache",
    "python_enable_replacements",
    "python_scan_all_frames",
)
"""What DuckDB does unasked, or for anyone who asks, unless it is told not to."""

_LOCK = ("SET GLOBAL enable_external_access = false", "SET GLOBAL lock_configuration = true")
"""Last, and in this order: what may be read is settled before, and nothing can be set afterwards."""


def confined(
    settings: Mapping[str, str], reads: Iterable[Path] = (), writes: Iterable[Path] = (), database: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection to a database, in memory unless a file is given, that can do no more than a run needs.

    `reads` are the files it may read, `writes` the folders it may write in (and read). Work larger than memory is
    spilled to the setting `temp_directory`; without one nothing is. Time is UTC.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"temp_directory": "", **settings}
    config |= dict.fromkeys(_OFF, "false")
    connection = duckdb.connect(str(database) if database else ":memory:", config=config)
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        allowed = (("allowed_paths", reads), ("allowed_directories", writes))
        given = [f"SET GLOBAL {name} = {_listed(paths)}" for name, paths in allowed]
        connection.execute("; ".join((*given, *_LOCK)))
    except BaseException:
        connection.close()
        raise
    return connection


def _listed(paths: Iterable[Path]) -> str:
    texts = [exp.Literal.string(str(path)) for path in dict.fromkeys(paths)]
    return exp.Array(expressions=texts).sql(dialect="duckdb")
