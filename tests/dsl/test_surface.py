"""What shows before a text is parsed: sizes, characters, tabs, dates and grids that are not square."""

from __future__ import annotations

import pytest

from dsl.parse import parse
from dsl.span import Source
from dsl.surface import SIZE_LIMIT
from tests.support.malformed import HEADER, Malformed, assert_said, name_of

CASES = [
    Malformed(
        "few cells",
        ('accounts ledger\n    | role | account | title |\n    | a    | 1210    | "T"   |\n    | b    | 1220    |'),
        "T001",
        "row `b` has 2 cells, its grid has 3 columns",
        "add 1 cell; the last column is `title`",
        "| b    | 1220    |",
    ),
    Malformed(
        "many cells",
        "accounts ledger\n    | role | account |\n    | a    | 1210    | debit |",
        "T001",
        "row `a` has 3 cells, its grid has 2 columns",
        "remove 1 cell, or give the grid a column more",
        "| a    | 1210    | debit |",
    ),
    Malformed(
        "no arrow",
        "table t decides a for each siso\n    | row | x   => a |\n    | r   | any | b  |",
        "T001",
        "row `r` has no `=>`",
        "put `=>` between the inputs and the outputs",
        "| r   | any | b  |",
    ),
    Malformed(
        "inputs",
        "table t decides a for each siso\n    | row | x   | y => a |\n    | r   | any => b  | c |",
        "T001",
        "row `r` has 2 inputs, its grid has 3",
        "put `=>` where the head of the grid has it",
        "| r   | any => b  | c |",
    ),
    Malformed(
        "empty cell",
        "accounts ledger\n    | role | account |\n    | a    |         |",
        "T001",
        "an empty cell under `account`",
        "write the value, `missing` or `any`",
        "|         |",
    ),
    Malformed(
        "lone bar",
        "accounts ledger\n    | role | account |\n    |",
        "T007",
        "the line of the grid is not closed",
        "end it with `|`",
        "|",
    ),
    Malformed(
        "no bar",
        "accounts ledger\n    | role | account |\n    | a    | 1210",
        "T007",
        "the line of the grid is not closed",
        "end it with `|`",
        "| a    | 1210",
    ),
    Malformed(
        "open string in a grid",
        'accounts ledger\n    | role | title |\n    | a    | "Receivables |',
        "T010",
        "the string is not closed",
        'end it with `"` before the next `|`',
        '"Receivables |',
    ),
    Malformed(
        "tab",
        "amount a for each shipment\n\tis price",
        "T009",
        "the line is indented by a tab",
        "indent by 4 spaces",
        "\t",
    ),
    Malformed(
        "bad date",
        "exception a to b\n    effective from 2026-02-30\n    becomes c",
        "T012",
        "`2026-02-30` is not a day of the calendar",
        "the last day of that month is 2026-02-28",
        "2026-02-30",
    ),
    Malformed(
        "bad month",
        "exception a to b\n    effective from 2026-13-01\n    becomes c",
        "T012",
        "`2026-13-01` is not a day of the calendar",
        "write year-month-day: `2026-01-31`",
        "2026-13-01",
    ),
    Malformed(
        "short date",
        "exception a to b\n    effective from 2026-2-3\n    becomes c",
        "T012",
        "`2026-2-3` is not a date: month and day have two digits",
        "write `2026-02-03`",
        "2026-2-3",
    ),
    Malformed(
        "add row open",
        'amend table t because "x"\n    add row | a | b',
        "T007",
        "the line of the grid is not closed",
        "end it with `|`",
        "| a | b",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_fault_is_said_in_full(case: Malformed) -> None:
    assert_said(case)


@pytest.mark.parametrize("dash", ["\N{EN DASH}", "\N{EM DASH}", "\N{MINUS SIGN}", "\N{HYPHEN}"])
def test_a_dash_of_print_is_to_be_a_plain_hyphen(dash: str) -> None:
    _, diagnostics = parse(Source("northwind.tieout", f"{HEADER}amount a for each b is c {dash} d\n"))
    assert [(one.code, one.help, one.span.text) for one in diagnostics] == [("T015", "write a plain hyphen: `-`", dash)]


def test_a_header_indented_by_tabs_is_faulted_for_the_tabs_alone() -> None:
    _, diagnostics = parse(Source("northwind.tieout", HEADER.replace("    ", "\t")))
    assert [(one.code, one.message) for one in diagnostics] == [("T009", "the line is indented by a tab")]


def found(text: str) -> list[tuple[str, str, str]]:
    _, diagnostics = parse(Source("northwind.tieout", text))
    return [(one.code, one.message, one.help) for one in diagnostics]


def test_an_empty_text_says_how_to_begin() -> None:
    advice = "begin with `ruleset NAME version NUMBER` in column 1"
    assert found("") == [("T016", "the text holds no items", advice)]
    assert found("# only a comment\n\n") == [("T016", "the text holds no items", advice)]


def test_a_text_that_is_too_large_is_not_read() -> None:
    text = HEADER + "#" * SIZE_LIMIT
    message = f"the text holds {len(text):,} bytes; at most 262,144 are read"
    assert found(text) == [("T014", message, "split it: a ruleset may be a folder of files")]
    assert found(text[:SIZE_LIMIT]) == []


def test_bytes_are_counted_not_characters() -> None:
    assert [code for code, *_ in found(HEADER + "#" + "é" * (SIZE_LIMIT // 2))] == ["T014"]


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\x00", "U+0000 (control character)"),
        ("\x1b", "U+001B (control character)"),
        ("\u202e", "U+202E (right-to-left override)"),
        ("\ufeff", "U+FEFF (zero width no-break space)"),
        ("\u200b", "U+200B (zero width space)"),
    ],
)
def test_a_character_nobody_sees_is_refused_even_in_a_comment(character: str, name: str) -> None:
    assert found(f"{HEADER}# a{character}b\n") == [("T015", f"the character {name} has no place here", "remove it")]


def test_letters_of_every_language_may_stand_in_strings_and_comments() -> None:
    assert found(f'{HEADER}citation c "Vertrag § 3, Größe 日本"  # naïve\n') == []


def test_line_ends_of_either_kind_read_alike() -> None:
    text = HEADER + 'exception a to b\n    when tier is gold\n     and region is EMEA\n    becomes c\n    why "d"\n'
    assert found(text.replace("\n", "\r\n")) == []
    assert found(text.replace("\n", "\r"))[0][0] == "T015"


def test_an_indented_line_before_the_first_item_is_named() -> None:
    assert found("    owner x\n" + HEADER) == [
        ("T009", "an indented line before the first item", "begin the item in column 1")
    ]


def test_every_row_that_is_not_square_is_named_with_the_head_beside_it() -> None:
    text = HEADER + "accounts ledger\n    | role | account |\n    | a    |\n    | b    | 1 |\n    | c    | 2 | 3 |\n"
    _, diagnostics = parse(Source("northwind.tieout", text))
    assert [(one.code, one.span.location.line, one.labels[0].span.location.line) for one in diagnostics] == [
        ("T001", 5, 4),
        ("T001", 7, 4),
    ]


def test_marks_inside_strings_and_comments_are_no_marks() -> None:
    text = HEADER + 'accounts ledger\n    | role | title     |\n    | a    | "x | => y" | # | 2026-02-30 >=\n'
    assert found(text) == []


def test_a_continued_when_may_hold_comments_and_blank_lines() -> None:
    text = (
        HEADER
        + "exception a to b\n    when tier is gold  # why\n\n    # and this\n     and region is EMEA\n    becomes c\n"
    )
    assert found(text) == []
