"""Recovery: what is found and kept beside a fault."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lark import Lark
from lark.utils import TextSlice

from dsl import reading, syntax
from dsl.parse import FAULTS_OF_A_TEXT, parse
from dsl.reading import GRAMMAR, RULES, parser
from dsl.span import Source
from dsl.words import Words
from tests.support.malformed import HEADER


def test_every_fault_of_an_item_is_said_not_just_the_first() -> None:
    text = """journal sale for each shipment posts on ship-date in fiscal
    debti  receivable gross
    credit revenue    gross >= net
    creditt tax       gross
"""
    _, diagnostics = parse(Source("northwind.tieout", HEADER + text))
    assert [(one.code, one.span.location.line) for one in diagnostics] == [("T008", 4), ("T004", 5), ("T008", 6)]


def test_items_beside_a_broken_one_are_kept_and_faults_are_sorted() -> None:
    text = """amount a for each shipment is quantity
amount b for each shipment is (quantity
amount c for each shipment is quantity
jornal d for each shipment posts on ship-date in fiscal
    debit a b
amount e for each shipment is quantity
"""
    (ruleset,), diagnostics = parse(Source("northwind.tieout", HEADER + text))
    assert [item.name.text for item in ruleset.items if isinstance(item, syntax.Amount)] == ["a", "c", "e"]
    assert [(one.code, one.span.location.line) for one in diagnostics] == [("T006", 4), ("T003", 6)]


def test_a_blanked_line_causes_no_fault_of_its_own() -> None:
    text = "parameter p is a rate\n    | from       | any |\n    | 2026-01-01 | 5%  |\n    review by 2026-02-30\n"
    _, diagnostics = parse(Source("northwind.tieout", HEADER + text))
    assert [one.code for one in diagnostics] == ["T012"]


def test_a_line_that_continues_a_faulty_one_goes_with_it() -> None:
    text = """exception a to b
    when tier >= gold
     and region is EMEA
    becomes c >= d
"""
    _, diagnostics = parse(Source("northwind.tieout", HEADER + text))
    assert [(one.code, one.span.location.line) for one in diagnostics] == [("T004", 4), ("T004", 6)]


def test_a_line_said_twice_shows_the_first() -> None:
    text = 'exception a to b\n    becomes c\n    why "x"\n    why "y"\n'
    _, diagnostics = parse(Source("northwind.tieout", HEADER + text))
    ((label,),) = [one.labels for one in diagnostics]
    assert (label.text, label.span.text, label.span.location.line) == ("said here first", 'why "x"', 5)


def test_a_text_of_nothing_but_faults_is_left_after_a_hundred() -> None:
    _, diagnostics = parse(Source("northwind.tieout", HEADER + "nonsense\n" * 5000))
    assert len(diagnostics) == FAULTS_OF_A_TEXT


def test_the_grammar_has_no_conflict_and_every_rule_its_maker() -> None:
    strict = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=Words, keep_all_tokens=True, strict=True)
    named = {rule.alias or rule.origin.name: rule.options.expand1 for rule in strict.rules}
    named = {name: inlined for name, inlined in named.items() if not name.startswith("_")}
    assert set(RULES) <= set(named)
    assert all(named[name] for name in set(named) - set(RULES))


def test_the_kept_table_is_made_anew_where_it_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__pycache__").mkdir()
    table = tmp_path / "__pycache__" / "grammar.table"
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(reading, "GRAMMAR", tmp_path / "grammar.lark")
    reading.GRAMMAR.write_text(GRAMMAR.read_text(encoding="utf-8"), encoding="utf-8")
    reading.parser.__wrapped__()
    whole = table.stat().st_size
    table.write_bytes(table.read_bytes()[:5000])
    item = TextSlice("role accountant\n", 0, 16)
    for one in ("made anew", "read"):
        assert reading.parser.__wrapped__().parse(item) == parser().parse(item), one
        assert table.stat().st_size > whole // 2
