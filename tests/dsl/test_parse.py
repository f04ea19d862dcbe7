"""From text to rulesets: files, folders, literate texts, and a span on every node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

import pytest

from dsl import syntax
from dsl.forms import FORMS
from dsl.parse import parse, parse_items, parse_ruleset
from dsl.span import Source, Span
from tests.support.shared import shared_path

HEADER = "ruleset northwind version 2026.1\n    owner channel-controller\n"


def nodes_of(value: object) -> Iterator[syntax.Node]:
    """Every node of a tree, outermost first."""
    if isinstance(value, tuple):
        for one in value:
            yield from nodes_of(one)
    elif isinstance(value, syntax.Node):
        yield value
        for field in fields(value):
            yield from nodes_of(getattr(value, field.name))


def children_of(node: syntax.Node) -> Iterator[syntax.Node]:
    """The nodes directly inside a node."""
    for field in fields(node):
        value = getattr(node, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, syntax.Node):
                yield one


@pytest.mark.parametrize(("sample", "items"), [("standard.tieout", 272), ("client.tieout", 41)])
def test_the_samples_parse_whole(sample: str, items: int) -> None:
    text = shared_path("design", "sample", sample).read_text(encoding="utf-8")
    (ruleset,), diagnostics = parse(Source(sample, text))
    assert len(diagnostics) == 0
    assert len(ruleset.items) == items


@pytest.mark.parametrize(
    "text", [FORMS, HEADER + 'exception a to b  # c\n\n    becomes -(x + 1)\n    why "d"\n\n# e\n']
)
def test_every_span_covers_exactly_its_words(text: str) -> None:
    (ruleset,), _ = parse(Source("northwind.tieout", text))
    for node in nodes_of(ruleset):
        assert node.span.text == node.span.text.strip()
        assert not node.span.text.startswith("#")
        for child in children_of(node):
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end
        match node:
            case syntax.Name(text=words) | syntax.Ref(text=words) | syntax.PeriodLiteral(text=words):
                assert node.span.text == words
            case syntax.Quoted(text=words):
                assert node.span.text == f'"{words}"'
            case syntax.Number(written=words) | syntax.Percent(written=words):
                assert node.span.text == words
            case syntax.Measure():
                assert node.span.text == f"{node.written} {node.unit.text}"
            case syntax.DateLiteral():
                assert node.span.text == node.value.isoformat()


def test_values_are_kept_exactly_and_as_written() -> None:
    text = HEADER + "amount a for each shipment is 5.0% * 1,234.50 USD + x on 2026-02-28 - 3\n"
    (ruleset,), _ = parse(Source("northwind.tieout", text))
    (amount,) = ruleset.items
    assert isinstance(amount, syntax.Amount)
    found = {type(node): node for node in nodes_of(amount.body)}
    percent, measure, number = found[syntax.Percent], found[syntax.Measure], found[syntax.Number]
    assert isinstance(percent, syntax.Percent)
    assert isinstance(measure, syntax.Measure)
    assert isinstance(number, syntax.Number)
    assert (str(percent.value), percent.written) == ("0.050", "5.0%")
    assert (measure.number, measure.written, measure.unit.text) == (Decimal("1234.50"), "1,234.50", "USD")
    assert number.value == Decimal(3)
    assert found[syntax.DateLiteral] == syntax.DateLiteral(found[syntax.DateLiteral].span, date(2026, 2, 28))


def test_operators_bind_as_in_arithmetic() -> None:
    (ruleset,), _ = parse(Source("n.tieout", HEADER + "amount a for each day is b - c * -d - (e - f) / g\n"))
    (amount,) = ruleset.items
    assert isinstance(amount, syntax.Amount)
    answer = amount.body.answer
    assert answer is not None
    assert shape(answer.value) == "((b - (c * (- d))) - ((e - f) / g))"


def shape(value: syntax.Expression) -> str:
    match value:
        case syntax.Binary():
            return f"({shape(value.left)} {value.operator} {shape(value.right)})"
        case syntax.Negate():
            return f"(- {shape(value.operand)})"
        case _:
            return value.span.text


def test_a_word_is_reserved_only_where_it_can_occur() -> None:
    text = HEADER + (
        "amount value for each shipment is value + over-time\n"
        "amount kind for each is, when is to + by\n"
        "exception is to becomes, when\n"
        "    when over-time is over-time\n      or under-way is under 5 units\n"
        "    becomes not-one\n"
        "terms\n    the, row, amount are rates\n"
    )
    (ruleset,), diagnostics = parse(Source("northwind.tieout", text))
    assert [one.message for one in diagnostics] == []
    assert len(ruleset.items) == 4


def test_meta_stands_before_or_behind_and_is_one() -> None:
    text = (
        HEADER
        + 'exception a to b\n    effective from 2026-03-01\n    becomes c\n    why "d"\n    cites e, f\n    version 2\n'
    )
    (ruleset,), _ = parse(Source("northwind.tieout", text))
    (item,) = ruleset.items
    assert isinstance(item, syntax.Exception_)
    meta = item.body.meta
    assert (meta.version, meta.effective_from, meta.effective_through) == (Decimal(2), date(2026, 3, 1), None)
    assert meta.why is not None
    assert (meta.why.text, [cited.text for cited in meta.cites]) == ("d", ["e", "f"])


def test_a_file_may_hold_several_rulesets() -> None:
    text = HEADER + "book a posts\nruleset other version 1\n    owner b\nbook c posts\nbook d posts\n"
    rulesets, diagnostics = parse(Source("northwind.tieout", text))
    assert len(diagnostics) == 0
    assert [(one.head.name.text, len(one.items)) for one in rulesets] == [("northwind", 1), ("other", 2)]
    assert rulesets[1].span.text.startswith("ruleset other")


def said(text: str) -> list[tuple[str, str, str]]:
    _, diagnostics = parse(Source("northwind.tieout", text))
    return [(one.code, one.message, one.span.text) for one in diagnostics]


def test_a_text_without_header_says_so_at_its_first_item() -> None:
    assert said("book a posts\nbook b posts\n") == [("T017", "no header before the first item", "book a posts")]


def test_items_below_a_broken_header_are_checked_but_not_kept() -> None:
    text = "ruleset northwind\n    owner a\nbook a posts\nbook b post\n"
    rulesets, diagnostics = parse(Source("northwind.tieout", text))
    assert rulesets == ()
    assert [(one.code, one.span.location.line) for one in diagnostics] == [("T019", 1), ("T008", 4)]


# ---- folders -------------------------------------------------------------------------------------------------------


def test_a_folder_is_one_header_and_the_items_of_every_file_in_the_order_of_names() -> None:
    sources = [
        Source("20-more.tieout", "book c posts\n"),
        Source("10-head.tieout", HEADER + "book a posts\n"),
        Source("11-policy.tieout.md", "# Policy\n\n```tieout\nbook b posts\n```\n"),
    ]
    ruleset, diagnostics = parse_ruleset(sources)
    assert len(diagnostics) == 0
    assert ruleset is not None
    assert [item.name.text for item in ruleset.items if isinstance(item, syntax.Book)] == ["a", "b", "c"]
    assert [item.span.source.name for item in ruleset.items] == [
        "10-head.tieout",
        "11-policy.tieout.md",
        "20-more.tieout",
    ]


def test_a_folder_without_a_header_and_one_with_two_say_so() -> None:
    ruleset, diagnostics = parse_ruleset([Source("b.tieout", "book b posts\n"), Source("a.tieout", "book a posts\n")])
    assert ruleset is None
    assert [(one.code, str(one.span), one.message) for one in diagnostics] == [
        ("T017", "a.tieout:1:1", "no header before the first item")
    ]
    _, diagnostics = parse_ruleset([Source("a.tieout", HEADER), Source("b.tieout", HEADER + "book b posts\n")])
    (second,) = diagnostics
    assert (second.code, second.message, str(second.span)) == (
        "T017",
        "a second header: a folder holds one ruleset",
        "b.tieout:1:9",
    )
    assert [(label.text, str(label.span)) for label in second.labels] == [("the other header", "a.tieout:1:9")]


def test_a_folder_of_nothing_is_no_ruleset() -> None:
    ruleset, diagnostics = parse_ruleset([])
    assert ruleset is None
    assert len(diagnostics) == 0


def test_a_text_of_items_takes_no_header() -> None:
    items, diagnostics = parse_items(Source("more.tieout", "book a posts\n" + HEADER + "book b posts\n"))
    assert len(items) == 2
    assert [(one.code, one.message) for one in diagnostics] == [("T017", "a header stands where only items may")]


# ---- literate texts ------------------------------------------------------------------------------------------------


def test_spans_of_a_literate_text_point_into_the_markdown() -> None:
    prose = "# Policy ☂\n\nruleset prose is not code\n\n"
    text = f"{prose}```tieout\n{HEADER}```\n\n```python\nbook x posts\n```\n\n```tieout\nbook b pots\n```\n"
    rulesets, diagnostics = parse(Source("policy.tieout.md", text))
    assert [(one.head.name.text, str(one.head.name.span), len(one.items)) for one in rulesets] == [
        ("northwind", "policy.tieout.md:6:9", 0)
    ]
    assert [(str(one.span), one.span.text) for one in diagnostics] == [("policy.tieout.md:15:8", "pots")]


def test_a_block_that_is_not_closed_or_begins_inside_an_item_says_so() -> None:
    open_block = f"```tieout\n{HEADER}"
    _, diagnostics = parse(Source("policy.tieout.md", open_block))
    assert [(one.code, one.span.text) for one in diagnostics] == [("T021", "```tieout")]
    split = f"```tieout\n{HEADER}```\n\n```tieout\n    owner b\n```\n"
    _, diagnostics = parse(Source("policy.tieout.md", split))
    assert [(one.code, one.message, one.span.text) for one in diagnostics] == [
        ("T009", "an item does not go over into the next block", "owner b")
    ]


def test_spans_compare_by_place_not_by_source() -> None:
    assert is_dataclass(Span)
    (one,), _ = parse(Source("a.tieout", HEADER))
    (other,), _ = parse(Source("b.tieout", HEADER))
    assert one == other
