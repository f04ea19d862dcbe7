"""Journals balance as identities of named amounts, whatever the amounts are."""

from __future__ import annotations

import pytest

from tests.model.small import SMALL, told

LINES = """\
journal trial for each layer touched by pos-sale posts on event-date in fiscal
    when layer.basis is sell-in
    amount net is gross - cost-of-slice
    amount twice is gross + gross
{lines}
"""

BALANCED = [
    "    debit cogs gross\n    credit goods net\n    credit deferred cost-of-slice",
    "    debit cogs twice\n    credit goods 2 * gross",
    "    debit cogs gross - (cost-of-slice - gross)\n    credit goods twice - cost-of-slice",
    "    debit cogs -net\n    credit goods cost-of-slice - gross",
    "    debit cogs net\n    credit deferred 0\n    credit goods net",
]

UNBALANCED = [
    ("    debit cogs gross\n    credit goods gross - 2 * net", "2 * gross - 2 * cost-of-slice", "post `gross` here"),
    ("    debit cogs gross\n    credit goods net", "cost-of-slice", "post `gross` here"),
    (
        "    debit cogs gross\n    debit cogs net",
        "2 * gross - cost-of-slice",
        "add `credit ROLE 2 * gross - cost-of-slice`",
    ),
]


@pytest.mark.parametrize("lines", BALANCED)
def test_lines_that_cancel_name_by_name_balance(lines: str) -> None:
    assert [one for one in told(SMALL + LINES.format(lines=lines)) if one.code == "T401"] == []


@pytest.mark.parametrize(("lines", "apart", "help_text"), UNBALANCED)
def test_what_does_not_cancel_is_named(lines: str, apart: str, help_text: str) -> None:
    [found] = [one for one in told(SMALL + LINES.format(lines=lines)) if one.code == "T401"]
    assert found.message == f"`trial` does not balance: debits - credits = {apart} for every input"
    assert found.help == help_text
