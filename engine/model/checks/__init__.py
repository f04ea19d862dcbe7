"""What must hold of a whole ruleset once every name is bound: journals, layers, decisions, governance, hygiene."""
