"""Text to syntax tree: what a ruleset says, with a span on every word; knows no data, no SQL and no accounting."""
