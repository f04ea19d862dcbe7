from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.books import chain
from adapters.books.chain import Value

VALUES = st.lists(st.none() | st.integers() | st.text(alphabet="01a é", max_size=4), max_size=4)


@given(VALUES, VALUES)
def test_different_values_have_different_encodings(first: list[Value], second: list[Value]) -> None:
    alike = [(type(value), value) for value in first] == [(type(value), value) for value in second]
    assert (chain.encode(first) == chain.encode(second)) == alike


def test_what_looks_alike_is_told_apart() -> None:
    leaves = {chain.leaf(values) for values in ([1], ["1"], [None], [""], [], ["1", ""], ["", "1"], [11], [1, 1])}
    assert len(leaves) == 9


def test_the_chain_stays_what_it_was() -> None:
    start = chain.genesis(1, "a1", "2026-04-01T08:30:00.000000Z")
    event = chain.next_event(start, "2026-04-01T08:30:01.000000Z", "é", "load", "a.csv", chain.content_digest({}))
    assert (
        chain.encode([None, -12, "é"]) == b"n" + bytes(8) + b"i" + bytes(7) + b"\x03-12t" + bytes(7) + b"\x02\xc3\xa9"
    )
    assert (event.seq, event.prev_hash) == (1, start.hash)
    assert start.hash == "5bdd7e34279827733fcfca2adca0aafe13de3953e63cb056f49c52dc0ec20b21"
    assert event.hash == "0a969f078ecfc79ffbfda3e4603eea0029619c14f315e5a2e184e05b8ddc3827"


def test_a_leaf_cannot_pass_for_a_link() -> None:
    first, second = chain.leaf(["a"]), chain.leaf(["b"])
    assert chain.link(first, second) != chain.link(second, first)
    assert chain.link(first, second) not in (first, second)


def test_content_is_told_apart_by_table_row_and_order() -> None:
    digests = {
        chain.content_digest(tables)
        for tables in (
            {},
            {"load": [("a",)]},
            {"run": [("a",)]},
            {"load": [("a",), ("b",)]},
            {"load": [("b",), ("a",)]},
            {"load": [("a", "b")]},
        )
    }
    assert len(digests) == 6
    assert chain.content_digest({"load": [], "run": [("a",)]}) == chain.content_digest({"run": [("a",)]})


def test_a_ruleset_is_its_texts_by_name() -> None:
    assert chain.ruleset_hash({"a": "x", "b": "y"}) == chain.ruleset_hash({"b": "y", "a": "x"})
    assert len({chain.ruleset_hash(texts) for texts in ({"a": "x"}, {"a": "x "}, {"x": "a"}, {"a": "x", "b": ""})}) == 4
