"""The same value has the same fingerprint wherever it is written: a bound expression as text, without its place."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

IGNORED = ("span", "perhaps", "type")


def fingerprint(node: object) -> str:
    """A bound expression, test or tuple of them as one text; spans, types and missingness do not count."""
    if isinstance(node, tuple):
        return "(" + ",".join(fingerprint(one) for one in node) + ")"
    if is_dataclass(node) and not isinstance(node, type):
        inner = ",".join(fingerprint(getattr(node, one.name)) for one in fields(node) if one.name not in IGNORED)
        return f"{type(node).__name__}[{inner}]"
    return str(node)
