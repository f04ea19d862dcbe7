"""Posting: from rows of a journal to balances and lines of the ledger."""
