"""Refusals: what can be written and does not run, told before any run."""
