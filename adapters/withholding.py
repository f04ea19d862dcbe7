"""The texts of errors without what they quote: a database and a language quote values, paths and pieces of queries.

What goes to whoever maintains tieout is what failed and where, never a row. A text is cut at its first quote mark,
figures become `#`, and what looks like a path or the name of a file becomes `...`.
"""

from __future__ import annotations

import re

LENGTH_MAX = 200
"""How much of a text is kept at most."""

_FILE = re.compile(r"\S*[/\\]\S*|\S+\.(?:csv|txt|tsv|xlsx?|parquet|ya?ml|json|gz|zip|duckdb|sqlite)\b", re.IGNORECASE)
_FIGURE = re.compile(r"[0-9][0-9.,_]*")
_QUOTE = re.compile("['\"`\u2018\u201c\u00ab]")


def without_quoted(text: str) -> str:
    """The first line of a text of ours up to its first quote mark, without paths; its figures stay."""
    first = (text.splitlines() or [""])[0]
    cut = _QUOTE.split(first, maxsplit=1)
    kept = _FILE.sub("...", cut[0])[:LENGTH_MAX].rstrip()
    return f"{kept} ..." if len(cut) > 1 else kept


def without_values(text: str) -> str:
    """The first line of somebody else's text, without what it quotes, without figures and paths."""
    return _FIGURE.sub("#", without_quoted(text))
