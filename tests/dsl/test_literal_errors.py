"""Signs, numbers, dates, strings and characters that are not written like that."""

from __future__ import annotations

import pytest

from tests.support.malformed import Malformed, assert_said, name_of

CASES = [
    Malformed(
        ">= in when",
        "amount a for each shipment\n    when quantity >= 5 units\n    is price",
        "T004",
        "`>=` is not used here; comparisons are words",
        "write `is at least`",
        ">=",
    ),
    Malformed(
        "is >=",
        "amount a for each shipment\n    when quantity is >= 5 units\n    is price",
        "T004",
        "`>=` is not used here; comparisons are words",
        "write `is at least`",
        ">=",
    ),
    Malformed(
        "< ",
        "control a for each siso\n    needs expected < 0\n    otherwise raise a high to b",
        "T004",
        "`<` is not used here; comparisons are words",
        "write `is under`",
        "<",
    ),
    Malformed(
        "==",
        "exception a to b\n    when partner == BRAVO\n    becomes c",
        "T004",
        "`==` is not used here; comparisons are words",
        "write `is`",
        "==",
    ),
    Malformed(
        "= in amount",
        "amount a for each shipment = quantity * price",
        "T004",
        "`=` is not used here; comparisons are words",
        "write `is`",
        "=",
    ),
    Malformed(
        ">= in cell",
        "table t decides a for each siso\n    | row | x    => a |\n    | r   | >= 5 => b |",
        "T004",
        "`>=` is not used here; comparisons are words",
        "write `at least`",
        ">=",
    ),
    Malformed(
        "!=",
        "exception a to b\n    when partner != BRAVO\n    becomes c",
        "T004",
        "`!=` is not used here; comparisons are words",
        "write `is not`",
        "!=",
    ),
    Malformed(
        "unterminated",
        'amount a for each shipment\n    is price\n    why "because',
        "T010",
        "the string is not closed",
        'end it with `"` on the same line',
        '"because',
    ),
    Malformed(
        "single quotes",
        "amount a for each shipment\n    is price\n    why 'because'",
        "T010",
        "`'` does not begin a string",
        'write straight double quotes: `"..."`',
        "'",
    ),
    Malformed(
        "1,00",
        "amount a for each shipment is price * 1,00",
        "T011",
        "`1,00` is not a number",
        "commas part thousands, in threes: `1,000.00`",
        "1,00",
    ),
    Malformed(
        "1.000,00",
        "amount a for each shipment is 1.000,00 USD",
        "T011",
        "`1.000,00` is not a number",
        "write digits, commas between thousands and a point: `1,000.00`",
        "1.000,00",
    ),
    Malformed(
        "5units",
        "amount a for each shipment is 5units",
        "T011",
        "`5units` runs a number and its unit together",
        "write `5 units`",
        "5units",
    ),
    Malformed(
        "$",
        "amount a for each shipment is $5",
        "T011",
        "`$` does not name a currency",
        "write the currency behind the number: `5 USD`",
        "$",
    ),
    Malformed(
        "USD 5",
        "amount a for each shipment is USD 5",
        "T011",
        "the unit stands before its number",
        "write `5 USD`",
        "USD 5",
    ),
    Malformed(
        "1 000",
        "amount a for each shipment is 1 000 USD",
        "T011",
        "`1 000` is not one number",
        "part thousands with commas: `1,000`",
        "1 000",
    ),
    Malformed(
        "us date",
        "exception a to b\n    effective from 3/31/2026\n    becomes c",
        "T012",
        "`3/31/2026` is not a date as dates are written here",
        "write year-month-day: `2026-01-31`",
        "3/31/2026",
    ),
    Malformed(
        "german date",
        "exception a to b\n    effective from 31.03.2026\n    becomes c",
        "T012",
        "`31.03.2026` is not a date as dates are written here",
        "write year-month-day: `2026-01-31`",
        "31.03.2026",
    ),
    Malformed(
        "% alone",
        "amount a for each shipment is price * %",
        "T011",
        "`%` without a number",
        "write a number before it: `5%`",
        "%",
    ),
    Malformed(
        "5 %",
        "amount a for each shipment is price * 5 %",
        "T011",
        "`%` stands apart from its number",
        "write `5%`",
        "5 %",
    ),
    Malformed(
        "nbsp",
        "amount a for each shipment is\xa0b",
        "T015",
        "the character U+00A0 (no-break space) has no place here",
        "write a plain space",
        "\xa0",
    ),
    Malformed(
        "semicolon",
        "amount a for each shipment is b;",
        "T002",
        "`;` has no meaning here",
        "remove it",
        ";",
    ),
    Malformed(
        "=> outside",
        "exception a to b\n    when quantity is => 5\n    becomes c",
        "T004",
        "`=>` is not used here; comparisons are words",
        "write `is at least`",
        "=>",
    ),
    Malformed(
        "run",
        (
            'example "x"\n'
            "    given shipment\n"
            "        | a | b |\n"
            "        | c | d |\n"
            "    run 2026-P01\n"
            "    expect layer\n"
            "        | a | b |\n"
            "        | c | d |"
        ),
        "T011",
        "`2026-P01` is not a period",
        "write `FY2026-P01`",
        "2026-P01",
    ),
    Malformed(
        "underscore",
        "amount unit_price for each shipment is b",
        "T002",
        "`_` does not join words",
        "join the words of a name by `-`",
        "_",
    ),
    Malformed(
        "unquoted why",
        "exception a to b\n    becomes c\n    why the side letter says so",
        "T010",
        "`why` takes a text in quotes",
        'write `why "..."`',
        "the",
    ),
    Malformed(
        "ampersand",
        "exception a to b\n    when tier is gold & region is EMEA\n    becomes c",
        "T002",
        "`&` does not join tests",
        "write `and` at the beginning of a line",
        "&",
    ),
    Malformed(
        "period quarter",
        (
            'example "x"\n'
            "    given shipment\n"
            "        | a | b |\n"
            "        | c | d |\n"
            "    run FY2026-P1\n"
            "    expect layer\n"
            "        | a | b |\n"
            "        | c | d |"
        ),
        "T011",
        "`FY2026-P1` is not a period",
        "write `FY2026-P01`",
        "FY2026-P1",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_fault_is_said_in_full(case: Malformed) -> None:
    assert_said(case)
