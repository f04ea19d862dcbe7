"""Parse tree to syntax tree: for every rule of the grammar, what makes its node."""
