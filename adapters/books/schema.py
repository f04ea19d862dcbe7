"""The tables of `ledger.sqlite`, all append-only but for the head.

Every row carries `seq`, the publication that wrote it; the current state of a period is the last of its transitions,
and where people, rules, overrides and approvals stand is the sum of all acts (`engine.governance`). A later version of
the store adds tables and states, never columns to tables that the chain covers; `first_version`, of which the chain's
beginning was made, stays what it was.
"""

from __future__ import annotations

STORE_VERSION = 4
"""The version of this layout; a tieout that does not know a store's version refuses it."""

TABLES = (
    """CREATE TABLE store_version (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        version INTEGER NOT NULL CHECK (version >= 1),
        books TEXT NOT NULL,
        created_at TEXT NOT NULL,
        first_version INTEGER NOT NULL CHECK (first_version BETWEEN 1 AND version)
    ) STRICT""",
    """CREATE TABLE head (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        seq INTEGER NOT NULL CHECK (seq >= 0),
        prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),
        hash TEXT NOT NULL CHECK (length(hash) = 64)
    ) STRICT""",
    """CREATE TABLE audit_event (
        seq INTEGER PRIMARY KEY CHECK (seq >= 1),
        at TEXT NOT NULL,
        actor TEXT NOT NULL CHECK (actor <> ''),
        action TEXT NOT NULL CHECK (action <> ''),
        subject TEXT NOT NULL,
        content TEXT NOT NULL CHECK (length(content) = 64),
        prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),
        hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)
    ) STRICT""",
    """CREATE TABLE file (
        path TEXT PRIMARY KEY,
        home TEXT NOT NULL CHECK (home IN ('facts', 'quarantine', 'runs')),
        name TEXT NOT NULL CHECK (name <> ''),
        row_count INTEGER NOT NULL CHECK (row_count >= 0),
        size INTEGER NOT NULL CHECK (size > 0),
        sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
        columns TEXT NOT NULL CHECK (columns <> ''),
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        UNIQUE (home, seq, name)
    ) STRICT""",
    """CREATE TABLE load (
        id INTEGER PRIMARY KEY CHECK (id >= 1),
        file_name TEXT NOT NULL CHECK (file_name <> ''),
        sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
        feed TEXT NOT NULL CHECK (feed <> ''),
        size INTEGER NOT NULL CHECK (size >= 0),
        received INTEGER NOT NULL CHECK (received >= 0),
        accepted INTEGER NOT NULL CHECK (accepted >= 0),
        quarantined INTEGER NOT NULL CHECK (quarantined >= 0),
        loaded_at TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        UNIQUE (sha256, feed),
        CHECK (received = accepted + quarantined)
    ) STRICT""",
    """CREATE TABLE load_total (
        load INTEGER NOT NULL REFERENCES load (id),
        name TEXT NOT NULL CHECK (name <> ''),
        received TEXT,
        accepted TEXT NOT NULL,
        quarantined TEXT,
        declared TEXT,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (load, name)
    ) STRICT""",
    """CREATE TABLE load_file (
        load INTEGER NOT NULL REFERENCES load (id),
        path TEXT NOT NULL REFERENCES file (path),
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (load, path)
    ) STRICT""",
    """CREATE TABLE period (
        calendar TEXT NOT NULL CHECK (calendar <> ''),
        name TEXT NOT NULL CHECK (name <> ''),
        start_date TEXT NOT NULL,
        end_date TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (calendar, name),
        UNIQUE (calendar, start_date),
        CHECK (start_date <= end_date)
    ) STRICT""",
    """CREATE TABLE ruleset (
        hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
        name TEXT NOT NULL CHECK (name <> ''),
        version TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED
    ) STRICT""",
    """CREATE TABLE ruleset_text (
        ruleset TEXT NOT NULL REFERENCES ruleset (hash),
        name TEXT NOT NULL CHECK (name <> ''),
        text TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (ruleset, name)
    ) STRICT""",
    """CREATE TABLE run (
        id INTEGER PRIMARY KEY CHECK (id = seq),
        calendar TEXT NOT NULL,
        period TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('trial', 'hard')),
        number INTEGER NOT NULL CHECK (number >= 1),
        ruleset TEXT NOT NULL REFERENCES ruleset (hash),
        manifest TEXT NOT NULL CHECK (manifest <> ''),
        published_at TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        UNIQUE (calendar, period, kind, number),
        FOREIGN KEY (calendar, period) REFERENCES period (calendar, name)
    ) STRICT""",
    """CREATE TABLE period_transition (
        calendar TEXT NOT NULL,
        period TEXT NOT NULL,
        epoch INTEGER NOT NULL CHECK (epoch >= 0),
        from_state TEXT NOT NULL,
        to_state TEXT NOT NULL,
        run INTEGER NOT NULL REFERENCES run (id),
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (calendar, period, seq),
        FOREIGN KEY (calendar, period) REFERENCES period (calendar, name),
        CHECK (from_state || ' to ' || to_state IN (
            'open to trial', 'trial to trial', 'close-requested to trial', 'reopened to trial',
            'trial to close-requested',
            'open to hard-closed', 'trial to hard-closed', 'close-requested to hard-closed', 'reopened to hard-closed',
            'hard-closed to reopen-requested', 'reopen-requested to hard-closed', 'reopen-requested to reopened'))
    ) STRICT""",
    """CREATE TABLE exception_act (
        calendar TEXT NOT NULL,
        period TEXT NOT NULL,
        name TEXT NOT NULL CHECK (name <> ''),
        row TEXT NOT NULL,
        digest TEXT NOT NULL CHECK (length(digest) = 64),
        act TEXT NOT NULL CHECK (act IN ('accepted')),
        comment TEXT NOT NULL CHECK (trim(comment) <> ''),
        run INTEGER NOT NULL REFERENCES run (id),
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (calendar, period, name, row, seq),
        FOREIGN KEY (calendar, period) REFERENCES period (calendar, name)
    ) STRICT""",
    """CREATE TABLE act (
        number INTEGER NOT NULL CHECK (number >= 1),
        verb TEXT NOT NULL CHECK (verb <> ''),
        subject TEXT NOT NULL,
        content TEXT NOT NULL CHECK (content <> ''),
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (seq, number)
    ) STRICT""",
    """CREATE TABLE upgrade (
        version INTEGER NOT NULL CHECK (version >= 2),
        tieout TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES audit_event (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (version)
    ) STRICT""",
)
"""The statements that make the tables, in order."""

CONTENT = {
    "file": ("path", "home", "name", "row_count", "size", "sha256", "columns"),
    "load": ("id", "file_name", "sha256", "feed", "size", "received", "accepted", "quarantined", "loaded_at"),
    "load_total": ("load", "name", "received", "accepted", "quarantined", "declared"),
    "load_file": ("load", "path"),
    "period": ("calendar", "name", "start_date", "end_date"),
    "ruleset": ("hash", "name", "version"),
    "ruleset_text": ("ruleset", "name", "text"),
    "run": ("id", "calendar", "period", "kind", "number", "ruleset", "manifest", "published_at"),
    "period_transition": ("calendar", "period", "epoch", "from_state", "to_state", "run"),
    "exception_act": ("calendar", "period", "name", "row", "digest", "act", "comment", "run"),
    "act": ("number", "verb", "subject", "content"),
    "upgrade": ("version", "tieout"),
}
"""The tables and columns that the hash chain covers, each table sorted by its columns from the left."""

SINCE = {"act": 4, "upgrade": 4}
"""The version of the store that brought a table; all others are as old as any version that is still read."""

UPGRADED = frozenset({3})
"""The earlier versions that `tieout upgrade` brings to this one."""

APPEND_ONLY = ("store_version", "audit_event", *CONTENT)


def statements() -> tuple[str, ...]:
    """All statements of an empty ledger: tables, indexes by publication, and triggers that keep what was written.

    The triggers are a seat belt, not a lock: the hash chain is what shows tampering.
    """
    indexes = tuple(f"CREATE INDEX {table}_by_publication ON {table} (seq)" for table in CONTENT)
    seat_belts = tuple(
        f"CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'append-only'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    )
    keep_head = "CREATE TRIGGER head_refuses_DELETE BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'one head'); END"
    return (*TABLES, *indexes, *seat_belts, keep_head)


def what_to_do(version: int) -> str:
    """What helps with books of another version than this: a phrase that ends a sentence."""
    if version > STORE_VERSION:
        return f"they were made by a newer tieout, and this one knows versions up to {STORE_VERSION}; use the newer one"
    if version in UPGRADED:
        return f"`tieout upgrade` brings them to version {STORE_VERSION}"
    return f"no tieout brings them to version {STORE_VERSION}; load the files again"
