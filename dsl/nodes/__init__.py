"""The nodes of the syntax tree; others read them through `dsl.syntax`."""
