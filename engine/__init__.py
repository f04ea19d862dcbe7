"""Syntax tree to journal: the model of the rules, the plan in sqlglot, the run, the evidence."""
