"""Words that stand where they cannot: each fault in a sentence, with the place and the next action."""

from __future__ import annotations

import pytest

from dsl.codes import CODES
from dsl.forms import FORMS
from dsl.parse import parse
from dsl.span import Source
from dsl.words import NESTING_LIMIT
from tests.support.malformed import HEADER, Malformed, assert_said, name_of

CASES = [
    Malformed(
        "unknown item",
        "jornal x for each shipment posts on ship-date in fiscal\n    debit a b",
        "T003",
        "`jornal` does not begin an item",
        "did you mean `journal`?",
        "jornal",
    ),
    Malformed(
        "rule",
        "rule x decides y\n    is z",
        "T003",
        "`rule` does not begin an item",
        "write a `decision` with its usual answer, and an `exception` for each other answer",
        "rule",
    ),
    Malformed(
        "let top",
        "let x = 5",
        "T003",
        "`let` does not begin an item",
        "write `amount NAME is ...` inside the item that uses it",
        "let",
    ),
    Malformed(
        "capital item",
        "Journal x for each shipment posts on ship-date in fiscal\n    debit a b",
        "T003",
        "`Journal` does not begin an item",
        "did you mean `journal`?",
        "Journal",
    ),
    Malformed(
        "clause in column 1",
        "debit a b",
        "T003",
        "`debit` does not begin an item",
        "`debit` stands inside an item: indent it by 4 spaces",
        "debit",
    ),
    Malformed(
        "mixed",
        ("exception a to b\n    when partner is BRAVO\n     and tier is gold\n      or tier is silver\n    becomes c"),
        "T005",
        "`and` and `or` in one test",
        "name one side as a `decision` of yes and no, and test that",
        "or",
    ),
    Malformed(
        "rounded without",
        "amount a for each shipment is rounded quantity * price",
        "T006",
        "`rounded` takes its value in brackets",
        "write `rounded(quantity * price)`",
        "rounded",
    ),
    Malformed(
        "rounded open",
        "amount a for each shipment is rounded(quantity * price",
        "T006",
        "the bracket is not closed",
        "add `)`",
        "(",
    ),
    Malformed(
        "close extra",
        "amount a for each shipment is rounded(quantity * price))",
        "T006",
        "a bracket closes that was never opened",
        "remove it, or open it before",
        ")",
    ),
    Malformed(
        "lower of",
        "amount a for each shipment is lower of a, b",
        "T006",
        "`lower of` takes its value in brackets",
        "write `lower of (a, b)`",
        "lower of",
    ),
    Malformed(
        "debti",
        (
            "journal x for each shipment posts on ship-date in fiscal\n"
            "    debti  receivable gross\n"
            "    credit revenue    gross"
        ),
        "T008",
        "`debti` cannot stand here",
        "did you mean `debit`?",
        "debti",
    ),
    Malformed(
        "credi",
        (
            "journal x for each shipment posts on ship-date in fiscal\n"
            "    debit receivable gross\n"
            "    creditt revenue    gross"
        ),
        "T008",
        "`creditt` cannot stand here",
        "did you mean `credit`?",
        "creditt",
    ),
    Malformed(
        "one of no comma",
        "exception a to b\n    when tier is one of gold silver\n    becomes c",
        "T020",
        "a comma is missing before `silver`",
        "write `gold, silver`",
        "silver",
    ),
    Malformed(
        "when after is",
        "amount a for each shipment\n    is price\n    when quantity is over 5 units",
        "T002",
        "`when` stands too late",
        "put `when` above `is`",
        "when",
    ),
    Malformed(
        "when same line",
        "amount a for each shipment is price when quantity is over 5 units",
        "T002",
        "`when` cannot follow the value",
        "put it on a line of its own above, or write `, but OTHER when ...`",
        "when",
    ),
    Malformed(
        "when after becomes",
        "exception a to b\n    becomes c\n    when tier is gold",
        "T002",
        "`when` stands too late",
        "put `when` above `becomes`",
        "when",
    ),
    Malformed(
        "trailing comma",
        "exception a to b\n    becomes c\n    cites one,",
        "T020",
        "nothing follows the comma",
        "remove it, or name one more; a list stays on one line",
        "one,",
    ),
    Malformed(
        "cites missing comma",
        "exception a to b\n    becomes c\n    cites one two",
        "T020",
        "a comma is missing before `two`",
        "write `one, two`",
        "two",
    ),
    Malformed(
        "greater than",
        "exception a to b\n    when quantity is greater than 5 units\n    becomes c",
        "T004",
        "`is greater than` is not a comparison",
        "write `is over`",
        "is greater than",
    ),
    Malformed(
        "less or equal",
        "exception a to b\n    when quantity is less than or equal to 5 units\n    becomes c",
        "T004",
        "`is less than` is not a comparison",
        "write `is at most`",
        "is less than",
    ),
    Malformed(
        "between",
        "exception a to b\n    when quantity is between 5 and 10\n    becomes c",
        "T004",
        "`is between` is not a comparison",
        "write `is at least ...`, and `and ... is at most ...` on the next line",
        "is between",
    ),
    Malformed(
        "in",
        "exception a to b\n    when tier is in (gold, silver)\n    becomes c",
        "T004",
        "`is in` is not a comparison",
        "write `is one of a, b`",
        "is in",
    ),
    Malformed(
        "not at least",
        "exception a to b\n    when quantity is not at least 5 units\n    becomes c",
        "T004",
        "`is not at least` is not a comparison",
        "write `is under`",
        "is not at least",
    ),
    Malformed(
        "exception is",
        "exception a to b\n    when tier is gold\n    is c",
        "T008",
        "`is` is not the word here",
        "write `becomes`",
        "is",
    ),
    Malformed(
        "amount becomes",
        "amount a for each shipment\n    becomes c",
        "T008",
        "`becomes` is not the word here",
        "write `is`",
        "becomes",
    ),
    Malformed(
        "no body",
        "journal x for each shipment posts on ship-date in fiscal",
        "T019",
        "`journal x` says nothing",
        "indent its lines below it; they begin with `when`, `converts`, `amount`, `debit`, `credit`, `negative`, `reverses` and others",  # noqa: E501
        "journal x",
    ),
    Malformed(
        "amount no body",
        "amount x for each shipment",
        "T019",
        "`amount x` says nothing",
        "indent its lines below it; they begin with `when`, `is`, `capped`, `floored`",
        "amount x",
    ),
    Malformed(
        "no review",
        "parameter p is a rate\n    | from | any |\n    | 2026-01-01 | 5% |",
        "T019",
        "`parameter p` ends too early",
        "add a line that begins with `review`",
        "parameter p",
    ),
    Malformed(
        "line ends",
        "kind shipment moves our-warehouse to",
        "T019",
        "the line ends too early",
        "it is written like `kind shipment moves our-warehouse to in-transit on ship-date identified by company, document, line`",  # noqa: E501
        "to",
    ),
    Malformed(
        "kind half",
        "kind shipment moves our-warehouse to transit on ship-date",
        "T019",
        "the line ends too early",
        "it is written like `kind shipment moves our-warehouse to in-transit on ship-date identified by company, document, line`",  # noqa: E501
        "ship-date",
    ),
    Malformed(
        "indent",
        ("journal x for each shipment posts on ship-date in fiscal\n    debit a b\n        credit c d"),
        "T009",
        "the line is indented deeper than the one above",
        "begin it under the line above",
        "credit",
    ),
    Malformed(
        "dedent",
        ("journal x for each shipment posts on ship-date in fiscal\n        debit a b\n    credit c d"),
        "T009",
        "the line is indented like no line above it",
        "indent by 4 spaces a step",
        "credit",
    ),
    Malformed(
        "head only",
        "accounts ledger\n    | role | account |",
        "T019",
        "the grid has a head and no rows",
        "add a row below",
        "| role | account |",
    ),
    Malformed(
        "cary",
        (
            "layers channel over a for each partner\n"
            "    cary unit-price, standard-cost\n"
            "    leave oldest first by ship-date"
        ),
        "T008",
        "`cary` does not begin a line of `layers`",
        "did you mean `carry`?",
        "cary",
    ),
    Malformed(
        "eech",
        "amount a for eech shipment is b",
        "T008",
        "`eech` cannot stand here",
        "did you mean `each`?",
        "eech",
    ),
    Malformed(
        "too",
        "kind shipment moves our-warehouse too in-transit on ship-date identified by document",
        "T008",
        "`too` cannot stand here",
        "did you mean `to`?",
        "too",
    ),
    Malformed(
        "let inside",
        "journal x for each shipment posts on ship-date in fiscal\n    let x = 5\n    debit a b",
        "T008",
        "`let` is not the word here",
        "write `amount`",
        "let",
    ),
    Malformed(
        "sum",
        "amount a for each shipment is sum quantity",
        "T002",
        "`sum` is a word of the language here",
        "write `sum of X`, or give the name another word",
        "sum",
    ),
    Malformed(
        "why twice",
        'exception a to b\n    becomes c\n    why "x"\n    why "y"',
        "T018",
        "`why` is said twice in one item",
        "keep one of them",
        'why "y"',
    ),
    Malformed(
        "otherwise",
        "control a for each siso\n    needs expected is at least 0\n    raise a high to b",
        "T002",
        "`raise` cannot stand here",
        "`otherwise` comes before it",
        "raise",
    ),
    Malformed(
        "scenario",
        "scenario s on base\n    never posts",
        "T002",
        "`never` cannot stand here",
        "the lines of `scenario` begin with `set`, `replace`, `project`, `in`, `shows`",
        "never",
    ),
    Malformed(
        "stock old",
        "stock our-warehouse, in-transit",
        "T002",
        "`our-warehouse` cannot stand here",
        "such a line is written like `stock for each company, partner, part`",
        "our-warehouse",
    ),
    Malformed(
        "posts twice",
        "journal x for each shipment\n    posts on ship-date in fiscal\n    debit a b",
        "T019",
        "the line ends too early",
        "it is written like `journal sell-in-sale for each shipment posts on ship-date in fiscal`",
        "shipment",
    ),
    Malformed(
        "expect missing",
        'example "x"\n    given shipment\n        | a | b |\n        | c | d |\n    run FY2026-P01',
        "T019",
        '`example "x"` ends too early',
        "add a line that begins with `expect`",
        'example "x"',
    ),
    Malformed(
        "empty parens",
        "amount a for each shipment is rounded()",
        "T002",
        "a value is missing before `)`",
        "write a name or a number",
        ")",
    ),
    Malformed(
        "double op",
        "amount a for each shipment is a + * b",
        "T002",
        "a value is missing before `*`",
        "write a name or a number",
        "*",
    ),
    Malformed(
        "and first",
        "exception a to b\n    when tier is gold and\n     region is EMEA\n    becomes c",
        "T019",
        "the line ends too early",
        "begin the next line with `and`",
        "and",
    ),
    Malformed(
        "equal to",
        "exception a to b\n    when quantity is equal to 5 units\n    becomes c",
        "T004",
        "`is equal to` is not a comparison",
        "write `is`",
        "is equal to",
    ),
    Malformed(
        "bad row twice",
        "table t decides a for each siso\n    | row | x => a |\n    | r => any => b |",
        "T001",
        "row `r` has 1 input, its grid has 2",
        "put `=>` where the head of the grid has it",
        "| r => any => b |",
    ),
    Malformed(
        "strings",
        'citation c "ASC 606" "IFRS 15"',
        "T020",
        "a comma is missing between two strings",
        "write `,` before it",
        '"IFRS 15"',
    ),
    Malformed(
        "double comma",
        "exception a to b\n    becomes c\n    cites one,, two",
        "T020",
        "a comma too many",
        "remove it",
        ",",
    ),
    Malformed(
        "close column",
        "close fiscal\n    hard close needs evry step",
        "T008",
        "`evry` cannot stand here",
        "did you mean `every`?",
        "evry",
    ),
    Malformed(
        "date time",
        "scenario s on base\n    set return-rate to 4.0% from August 2026",
        "T002",
        "`August` cannot stand here",
        "such a line is written like `set return-rate to 4.0% from 2026-08-02`",
        "August",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_fault_is_said_in_full(case: Malformed) -> None:
    assert_said(case)


@pytest.mark.parametrize("form", [form.strip() for form in FORMS.splitlines() if form.startswith(" ")])
def test_half_a_line_never_shows_what_the_parser_expects(form: str) -> None:
    words = form.split()
    text = (
        f"journal sale for each shipment posts on ship-date in fiscal\n    {' '.join(words[: len(words) // 2 + 1])} %\n"
    )
    _, diagnostics = parse(Source("northwind.tieout", HEADER + text))
    assert len(diagnostics) >= 1
    for one in diagnostics:
        assert one.code in CODES
        assert not any(kind in one.message + one.help for kind in ("_NL", "NAME", "__ANON", "UNKNOWN", "VBAR"))


@pytest.mark.parametrize("brackets", [NESTING_LIMIT, NESTING_LIMIT + 1, 5000])
def test_depth_is_refused_before_it_can_exhaust_the_stack(brackets: int) -> None:
    text = f"amount a for each shipment is {'(' * brackets}b{')' * brackets}\n"
    (ruleset,), diagnostics = parse(Source("northwind.tieout", HEADER + text))
    if brackets == NESTING_LIMIT:
        assert len(ruleset.items) == 1
        assert len(diagnostics) == 0
    else:
        assert [one.code for one in diagnostics] == ["T013"]


@pytest.mark.parametrize("operations", [NESTING_LIMIT, NESTING_LIMIT + 1, 5000])
@pytest.mark.parametrize("operation", [" + a", " * a", " - -a"])
def test_length_is_refused_before_it_can_exhaust_the_stack(operation: str, operations: int) -> None:
    count = operations // operation.count("-") if "-" in operation else operations
    (ruleset,), diagnostics = parse(Source("n.tieout", f"{HEADER}amount a for each shipment is a{operation * count}\n"))
    if operations == NESTING_LIMIT:
        assert len(ruleset.items) == 1
    else:
        assert [one.code for one in diagnostics] in (["T013"], [])
        assert (len(ruleset.items) == 0) == (len(diagnostics) == 1)
