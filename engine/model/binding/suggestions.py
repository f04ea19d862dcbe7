"""What a person probably meant: the nearest of the names that exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The help line that names the nearest known name, or nothing where none is near."""
    near = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.7)
    return f"did you mean `{near[0]}`?" if near else ""
