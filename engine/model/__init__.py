"""Resolved rules: every name bound, every type known. In: syntax trees. Out: `Ruleset`. Diagnostics T1xx to T6xx."""
