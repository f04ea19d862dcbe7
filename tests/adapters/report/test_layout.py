from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from adapters.report.blocks import Column, Sentences, Table, Verdict
from adapters.report.layout import GAP, fold, pieces
from adapters.report.text import block_lines
from dsl.diagnostics import InternalError


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Mn", "Cf"]), max_size=80), st.integers(2, 30))
def test_folded_lines_fit_and_lose_no_letter(text: str, width: int) -> None:
    lines = fold(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_text_is_broken_at_spaces_and_hyphens_first() -> None:
    assert fold("customer-return", 9) == ["customer-", "return"]
    assert fold("sold to the partner", 11) == ["sold to the", "partner"]
    assert fold("unbreakable", 6) == ["unbrea", "kable"]
    assert fold("", 6) == [""]


@given(
    st.lists(st.tuples(st.booleans(), st.text("abc -", max_size=25)), min_size=1, max_size=14),
    st.text("0123456789,", max_size=18),
    st.integers(60, 100),
)
def test_every_column_stands_in_exactly_one_piece_and_all_fit(
    columns: list[tuple[bool, str]], cell: str, width: int
) -> None:
    table = Table("t", tuple(Column(name, figure) for figure, name in columns), ((cell,) * len(columns),))
    found = pieces(table, width)
    assert [at for piece in found for at in piece.columns if at] == list(range(1, len(columns)))
    assert all(piece.columns[0] == 0 for piece in found)
    assert all(sum(piece.widths) + GAP * (len(piece.widths) - 1) <= width for piece in found)


def test_figures_stand_to_the_right_and_long_texts_fold() -> None:
    table = Table(
        "Stock",
        (Column("partner"), Column("units", True)),
        (("A partner with a name of some length", "1"), ("B", "1,000")),
        ("total", "1,001"),
    )
    assert block_lines(table, width=30) == [
        "Stock",
        "  partner                units",
        "  A partner with a name      1",
        "  of some length              ",
        "  B                      1,000",
        "                         -----",
        "  total                  1,001",
    ]


def test_a_name_to_be_copied_is_never_folded() -> None:
    columns = (Column("line", is_whole=True), Column("account"))
    table = Table("Lines", columns, (("JL-FY2026-P01-000001", "1210 Trade receivables"),))
    assert [line.rstrip() for line in block_lines(table, width=38)[2:]] == [
        "  JL-FY2026-P01-000001  1210 Trade",
        "                        receivables",
    ]


def test_a_table_without_rows_says_so_on_its_title() -> None:
    assert block_lines(Table("Journal", (Column("account"),), (), (), "nothing to post")) == [
        "Journal  nothing to post"
    ]


def test_a_row_of_another_length_is_a_bug() -> None:
    with pytest.raises(InternalError, match="2 cells under 1 columns"):
        Table("Stock", (Column("partner"),), (("A", "B"),))


def test_long_sentences_fold_under_their_title() -> None:
    assert block_lines(Sentences("Late", ("one two three",)), width=10) == ["Late", "  one two", "  three"]


def test_the_aside_of_a_verdict_moves_below_where_there_is_no_room() -> None:
    assert block_lines(Verdict(True, "done", "4 facts"), width=20) == ["done         4 facts"]
    assert block_lines(Verdict(True, "done for good now", "4 facts"), width=20) == ["done for good now", "4 facts"]
