"""Malformed rulesets and what must be said about them: code, message, help and the underlined text, each in full."""

from __future__ import annotations

from dataclasses import dataclass

from dsl.parse import parse
from dsl.span import Source

HEADER = "ruleset northwind version 1\n    owner channel-controller\n"


@dataclass(frozen=True)
class Malformed:
    """One text with one fault, below a header that reads."""

    name: str
    text: str
    code: str
    message: str
    help: str
    underlined: str


def name_of(case: Malformed) -> str:
    """The words a test of this case goes by."""
    return case.name.replace(" ", "-")


def assert_said(case: Malformed) -> None:
    """The fault is found, alone, in exactly these words at exactly this place, and its item is left out."""
    rulesets, diagnostics = parse(Source("northwind.tieout", HEADER + case.text))
    said = [(one.code, one.message, one.help, one.span.text) for one in diagnostics]
    assert said == [(case.code, case.message, case.help, case.underlined)]
    assert [ruleset.items for ruleset in rulesets] == [()]
