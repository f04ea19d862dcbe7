"""Diagnostics as people and programs see them."""

from __future__ import annotations

import json
import re

import pytest

from adapters.diagnostic_text import as_json, render, render_one
from dsl.diagnostics import Diagnostic, Label, Severity
from dsl.parse import parse
from dsl.span import Source, Span

TEXT = """\
ruleset acme version 1
    owner controller
journal recognise for each pos-sale posts on event-date in fiscal
    debit  trade-receivable  price
    credit deferred-revnue   price
"""


def finding(
    underlined: str, help: str = "", text: str = TEXT, message: str = "no account role", **more: object
) -> Diagnostic:
    source = Source("acme.tieout", text)
    start = text.index(underlined)
    return Diagnostic("T101", message, Span(source, start, start + len(underlined)), help, **more)  # type: ignore[arg-type]


def test_a_finding_says_what_and_where_and_what_next() -> None:
    diagnostic = finding("deferred-revnue", "did you mean `deferred-revenue` (2310)?")
    assert (
        render_one(diagnostic)
        == """\
error[T101] acme.tieout:5:12  no account role
   5 | credit deferred-revnue   price
     |        ^^^^^^^^^^^^^^^ help: did you mean `deferred-revenue` (2310)?"""
    )


def test_line_numbers_of_three_digits_stand_as_in_the_design() -> None:
    diagnostic = finding("deferred-revnue", "x", text="\n" * 148 + TEXT)
    assert render_one(diagnostic).split("\n")[1:] == [
        " 153 | credit deferred-revnue   price",
        "     |        ^^^^^^^^^^^^^^^ help: x",
    ]


def test_second_places_and_notes_follow_and_a_warning_is_called_one() -> None:
    other = Source("base.tieout", "book statutory posts\n")
    labels = (
        Label(Span(Source("acme.tieout", TEXT), 0, 7), "begun here"),
        Label(Span(other, 5, 14), "and here"),
    )
    source = labels[0].span.source
    span = Span(source, TEXT.index("debit"), TEXT.index("debit") + 5)
    diagnostic = Diagnostic("W702", "m", span, "h", Severity.WARNING, labels, ("a note",))
    assert (
        render([diagnostic])
        == """\
warning[W702] acme.tieout:4:5  m
   4 | debit  trade-receivable  price
     | ^^^^^ help: h
   1 | ruleset acme version 1
     | ^^^^^^^ begun here
     | in base.tieout
   1 | book statutory posts
     |      ^^^^^^^^^ and here
     | note: a note"""
    )


def test_a_span_of_several_lines_is_underlined_in_its_first() -> None:
    source = Source("acme.tieout", TEXT)
    diagnostic = Diagnostic("T401", "m", Span(source, TEXT.index("journal"), len(TEXT)))
    lines = render_one(diagnostic).split("\n")
    assert len(lines) == 3
    assert lines[2] == "     | " + "^" * len("journal recognise for each pos-sale posts on event-date in fiscal")


def test_a_span_without_width_gets_one_caret() -> None:
    assert render_one(Diagnostic("T016", "m", Span(Source("a.tieout", "role"), 0, 0), "h")) == (
        "error[T016] a.tieout:1:1  m\n   1 | role\n     | ^ help: h"
    )


def test_a_file_without_text_has_no_line_to_show() -> None:
    assert render_one(
        Diagnostic("C001", "there is no client.yaml here", Span(Source("client.yaml", ""), 0, 0), "h")
    ) == ("error[C001] client.yaml  there is no client.yaml here\n  help: h")


@pytest.mark.parametrize("at", [0, 150, 299])
def test_of_a_long_line_the_part_around_the_fault_is_shown(at: int) -> None:
    words = [f"w{number:03}" for number in range(300)]
    diagnostic = finding(words[at], "look", text=" ".join(words) + "\n")
    _, line, carets = render_one(diagnostic).split("\n")[:3]
    assert len(line) <= 100
    assert len(carets) <= 100
    begin = carets.index("^")
    assert line[begin : begin + 4] == words[at]
    assert line.endswith("…") == (at < 299)
    assert line[7:].startswith("…") == (at > 0)


def test_long_help_goes_below_and_keeps_to_the_width() -> None:
    lines = render_one(finding("deferred-revnue", "word " * 40)).split("\n")
    assert lines[2] == "     |        ^^^^^^^^^^^^^^^"
    assert lines[3].startswith("     | help: word word")
    assert all(len(line) <= 100 for line in lines)


def test_wide_characters_and_tabs_keep_the_caret_under_the_fault() -> None:
    _, line, carets = render_one(finding("bad", text='why\t"日本" bad\n')).split("\n")
    assert line == '   1 | why "日本" bad'
    assert carets == "     |            ^^^"


def test_nothing_in_a_ruleset_can_command_the_terminal() -> None:
    diagnostic = finding("bad", "x\x1b[2J", text="why \x1b[31m bad\n", message="m\x1b]0;t\x07")
    assert "\x1b" not in render_one(diagnostic)
    assert "\x07" not in render_one(diagnostic)


def test_colour_only_carries_what_the_words_say() -> None:
    diagnostic = finding("deferred-revnue", "did you mean `deferred-revenue`?")
    coloured = render_one(diagnostic, colour=True)
    assert coloured.startswith("\x1b[1m\x1b[31merror[T101]\x1b[0m")
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render_one(diagnostic)


def test_the_same_values_as_json() -> None:
    _, diagnostics = parse(Source("acme.tieout", TEXT + '    debti a b\n    why "x"\n    why "x"\n'))
    values = [as_json(diagnostic) for diagnostic in diagnostics]
    assert json.loads(json.dumps(values)) == values
    assert values[0] == {
        "code": "T008",
        "severity": "error",
        "message": "`debti` cannot stand here",
        "help": "did you mean `debit`?",
        "file": "acme.tieout",
        "line": 6,
        "column": 5,
        "end_line": 6,
        "end_column": 10,
        "underlined": "debti",
        "labels": [],
        "notes": [],
    }
