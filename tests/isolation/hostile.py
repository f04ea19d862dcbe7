"""Statements that want out: to read a file, the environment or settings, to reach the network, to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

SECRET = "secret-canary-4711"
"""What stands in the files and variables that nobody may read."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A folder that no run was given, with a file of each kind that DuckDB can read; and the address of a server."""

    folder: Path
    port: int = 9

    @classmethod
    def made(cls, folder: Path, port: int = 9) -> Outside:
        """Write the files."""
        folder.mkdir()
        (folder / "secret.csv").write_text(f"a,b\n{SECRET},1\n", "utf-8")
        (folder / "secret.json").write_text(f'[{{"a": "{SECRET}"}}]', "utf-8")
        (folder / "secret.sql").write_text(f"SELECT '{SECRET}'", "utf-8")
        with duckdb.connect(str(folder / "secret.duckdb")) as connection:
            connection.execute(f"CREATE TABLE t AS SELECT '{SECRET}' AS a")
            connection.execute(f"COPY t TO '{folder / 'secret.parquet'}' (FORMAT parquet)")
        return cls(folder, port)


def readers(outside: Outside) -> Iterator[str]:
    """Relations that read what was not given, as they stand behind FROM."""
    folder = outside.folder
    paths = (
        *(str(folder / f"secret.{kind}") for kind in ("csv", "json", "parquet", "sql")),
        f"{folder}/*", f"{folder}/../{folder.name}/secret.csv", "/proc/self/environ",
        f"http://127.0.0.1:{outside.port}/{SECRET}.csv", f"s3://127.0.0.1:{outside.port}/x.parquet",
    )  # fmt: skip
    functions = (
        "read_csv", "read_csv_auto", "read_text", "read_blob", "read_json", "read_json_auto", "read_ndjson",
        "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema", "parquet_kv_metadata",
        "parquet_file_metadata", "sniff_csv", "glob", "read_duckdb",
    )  # fmt: skip
    for path in paths:
        yield f"'{path}'"
        yield f'"{path}"'
        for function in functions:
            yield f"{function}('{path}')"
            yield f"query('SELECT * FROM {function}(''{path}'')')"
    yield from (f"{one}()" for one in ("duckdb_settings", "duckdb_secrets", "duckdb_databases", "duckdb_extensions"))
    yield from ("duckdb_settings", "duckdb_tables", "information_schema.tables", "sqlite_master", "pg_catalog.pg_class")
    yield from ("query_table('duckdb_settings')", "query('SELECT getvariable(''x'')')", "ungranted", "main.ungranted")


def values() -> Iterator[str]:
    """Expressions that say or do what a query of a run has no business with."""
    yield from ("current_setting('temp_directory')", "getenv('ISOLATION_SECRET')", "getvariable('x')", "version()")
    yield from ("current_database()", "current_user", "session_user", "nextval('s')", "write_log('x')", "now()")
    yield from ("random()", "uuid()", "sleep_ms(1)", "error('x')", "pg_backend_pid()", "txid_current()", "today()")
    yield from ("json_execute_serialized_sql('x')", "(SELECT a FROM ungranted)", "repeat('x', 10)", "hash('x')")
    yield from ("md5('x')", "in_search_path('a', 'b')", "current_query()", "current_schemas(true)", "a.b.c('x')")


POSITIONS = (
    "SELECT * FROM {}",
    "SELECT 1 AS a WHERE EXISTS (SELECT 1 FROM {})",
    "WITH stolen AS (SELECT * FROM {}) SELECT * FROM stolen",
    "SELECT (SELECT count(*) FROM {}) AS a",
    "SELECT 1 AS a UNION ALL SELECT 1 FROM {}",
    "SELECT granted.a FROM granted LEFT JOIN {} ON TRUE",
)


def queries(outside: Outside) -> list[str]:
    """Queries, each with one thing in it that no query of a run may have."""
    found = [position.format(one) for one in readers(outside) for position in POSITIONS]
    return [*found, *(f"SELECT {one} AS a FROM granted" for one in values())]


def statements(outside: Outside) -> list[str]:
    """Statements that are no queries, or more than one, or hide one in a query."""
    folder = outside.folder
    own = [f"COPY {what} TO '{folder}/{name}' ({how})" for what in ("granted", "(SELECT 1)")
           for name in ("new.csv", "secret.csv", "secret.duckdb")
           for how in ("FORMAT csv", "FORMAT parquet", "FORMAT csv, USE_TMP_FILE false", "FORMAT json")]  # fmt: skip
    switches = ("enable_external_access", "lock_configuration", "autoinstall_known_extensions",
                "allow_unsigned_extensions", "autoload_known_extensions", "allow_community_extensions",
                "allow_persistent_secrets",
                "python_enable_replacements", "enable_external_file_cache", "ieee_floating_point_ops")  # fmt: skip
    texts = ("memory_limit", "temp_directory", "allowed_paths", "allowed_directories", "home_directory", "TimeZone",
             "extension_directory", "secret_directory", "custom_extension_repository", "log_query_path",
             "profile_output", "disabled_filesystems", "threads")  # fmt: skip
    sets = [f"{how} {one} = true" for one in switches for how in ("SET", "SET GLOBAL", "SET SESSION", "PRAGMA")]
    sets += [f"RESET {one}" for one in (*switches, *texts)]
    sets += [f"SET {one} = '{folder}'" for one in texts]
    changes = [f"{change} RETURNING *" for change in
               ("DELETE FROM granted", "INSERT INTO granted SELECT 9", "UPDATE granted SET a = 9")]  # fmt: skip
    hidden = [f"WITH d AS ({change}) SELECT * FROM d" for change in changes]
    hidden += [f"{first}; {then}" for then in (*changes, "DROP TABLE granted", f"ATTACH '{folder}/secret.duckdb' AS s")
               for first in ("SELECT 1", "SELECT 1 /* ; */", "SELECT ';' AS a", "SELECT $$a$$")]  # fmt: skip
    return [
        *own, *sets, *hidden, *changes,
        *(f"ATTACH '{folder}/{name}' AS s{at}" for at, name in enumerate(("secret.duckdb", "made.duckdb"))),
        *(f"{verb} {name}" for verb in ("INSTALL", "LOAD", "FORCE INSTALL") for name in ("httpfs", "excel", "spatial")),
        f"LOAD '{folder}/x.duckdb_extension'", f"INSTALL x FROM 'http://127.0.0.1:{outside.port}/'",
        f"EXPORT DATABASE '{folder}/exported'", f"IMPORT DATABASE '{folder}'",
        f"CREATE SECRET s (TYPE http, SCOPE 'http://127.0.0.1:{outside.port}')",
        "CREATE PERSISTENT SECRET p (TYPE http)", "CREATE OR REPLACE MACRO sum(x) AS 0",
        "CREATE TABLE stolen AS SELECT 1",
        "CREATE OR REPLACE VIEW granted AS SELECT 1", "DROP TABLE granted", "DROP SCHEMA main CASCADE",
        "ALTER TABLE granted ADD COLUMN b INTEGER", "TRUNCATE granted", "PRAGMA enable_profiling", "CHECKPOINT",
        "PRAGMA database_list", "CALL pragma_version()", "EXPLAIN ANALYZE SELECT 1",
        "DESCRIBE granted", "SHOW TABLES",
        "SET VARIABLE x = 1", "PREPARE p AS SELECT 1", "EXECUTE p", "BEGIN", "VACUUM",
        "COMMENT ON TABLE granted IS 'x'",
    ]  # fmt: skip


def functions() -> list[tuple[str, str]]:
    """Every function DuckDB lists, by name and kind."""
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT DISTINCT function_name, function_type FROM duckdb_functions() ORDER BY ALL"
        ).fetchall()
