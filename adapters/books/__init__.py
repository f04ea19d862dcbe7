"""Books: the folder in which a client's facts, quarantined rows and runs are kept for good.

In: ordered queries on a DuckDB connection, and facts about loads, periods, runs and rulesets.
Out: immutable Parquet files under `facts/`, `quarantine/` and `runs/`, and `ledger.sqlite`, which says which are true.
Invariants: a file is true only if the ledger names it; the ledger changes by whole publications, each of which moves
the one head row and adds one event to the hash chain; a publication is there as a whole or not at all.
Entry point: `adapters.books.store.open_books`. Errors: `adapters.books.errors`, one sentence with the next action.
"""
