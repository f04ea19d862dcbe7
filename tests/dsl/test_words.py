"""From characters to words, and which words are the language's own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dsl.pieces import Piece
from dsl.reading import item_tree, parser
from dsl.words import vocabulary


def kinds(text: str) -> list[str]:
    """The kinds of token of one item, in order."""
    tree = item_tree(text, Piece(0, len(text)))
    assert tree is not None
    return [str(token.type) for token in tree.scan_values(lambda token: token is not None)]


def test_line_ends_and_indentation_have_no_width_and_stand_behind_the_last_word() -> None:
    text = "exception a to b  # why\n\n    becomes c\n    # end\n\n"
    tree = item_tree(text, Piece(0, len(text)))
    assert tree is not None
    tokens = list(tree.scan_values(lambda token: token is not None))
    assert [(token.type, token.start_pos, token.end_pos) for token in tokens if token.type.startswith("_")] == [
        ("_NL", 16, 16),
        ("_INDENT", 16, 16),
        ("_NL", 38, 38),
        ("_DEDENT", 38, 38),
    ]
    assert all((before.end_pos or 0) <= (after.start_pos or 0) for before, after in pairwise(tokens))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("over-time", "NAME"),
        ("period-end", "NAME"),
        ("1,000.50", "NUMBER"),
        ("2.5%", "PERCENT"),
        ("2026-01-31", "DATE"),
        ("FY2026-Q1", "PERIOD"),
        ("FY2026-Q1-old", "NAME"),
    ],
)
def test_a_word_is_taken_whole(value: str, kind: str) -> None:
    assert kinds(f"amount a for each day is {value}\n")[6] == kind


def test_a_zone_and_a_pattern_of_weeks_are_words_only_where_a_calendar_takes_them() -> None:
    text = "calendar a\n    days begin at midnight in America/New_York\n"
    assert "ZONE" in kinds(text)
    assert kinds("amount a for each day is Gross/Net\n")[6:9] == ["NAME", "SLASH", "NAME"]
    assert kinds("amount a for each day is 4-4-5\n")[6:11] == ["NUMBER", "MINUS", "NUMBER", "MINUS", "NUMBER"]


def test_the_vocabulary_knows_every_use_of_a_word() -> None:
    words = vocabulary(parser().terminals)
    assert set(words["before"]) == {"BEFORE", "COMPARE"}
    assert words["debit"] == ("SIDE",)
    assert "price-protected" not in words
