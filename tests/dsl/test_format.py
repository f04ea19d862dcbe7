"""The canonical text: it says the same, it is its own canonical text, and this is how it looks."""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl import syntax
from dsl.diagnostics import Diagnostics
from dsl.format import format_source
from dsl.forms import FORMS
from dsl.parse import parse
from dsl.reading import parser
from dsl.span import Source
from dsl.surface import hide
from tests.support.sentences import Sentences
from tests.support.shared import shared_path
from tests.support.spanless import node_names, spanless


def formatted(text: str, name: str = "northwind.tieout") -> str:
    return format_source(Source(name, text))


def comments_of(text: str) -> list[str]:
    hidden = hide(text)
    lines = zip(text.split("\n"), hidden.split("\n"), strict=True)
    return sorted(line[len(shown.rstrip()) :].strip() for line, shown in lines if line.strip() != shown.strip())


def assert_canonical(text: str, name: str = "northwind.tieout") -> tuple[str, Diagnostics]:
    """The text and its canonical text say the same, and the second stays as it is; returns it, and the faults."""
    canonical = formatted(text, name)
    before, faults_before = parse(Source(name, text))
    after, faults_after = parse(Source(name, canonical))
    assert spanless(after) == spanless(before)
    assert [one.code for one in faults_after] == [one.code for one in faults_before]
    assert formatted(canonical, name) == canonical
    assert comments_of(canonical) == comments_of(text)
    return canonical, faults_before


@pytest.mark.parametrize("sample", ["standard.tieout", "client.tieout"])
def test_the_samples_say_the_same_when_formatted(sample: str) -> None:
    text = shared_path("design", "sample", sample).read_text(encoding="utf-8")
    canonical, _ = assert_canonical(text)
    assert max(map(len, canonical.split("\n"))) <= max(map(len, text.split("\n")))


NODES = {name for name, node in vars(syntax).items() if is_dataclass(node)} - {"Node", "Item", "Span"}


def test_the_forms_that_help_offers_read_and_leave_no_node_out() -> None:
    _, diagnostics = assert_canonical(FORMS)
    assert len(diagnostics) == 0
    nodes = {name for name, node in vars(syntax).items() if is_dataclass(node)} - {"Node", "Item"}
    assert node_names(parse(Source("forms.tieout", FORMS))[0]) == nodes


def test_every_production_of_the_grammar_keeps_its_tree() -> None:
    for seed, rule in enumerate(parser().rules):
        if rule.origin.name not in ("start", "ruleset", "grid", "head") and not rule.origin.name.startswith("__"):
            _, diagnostics = assert_canonical(Sentences(Random(seed), size=15).text(0, rule))
            assert {one.code for one in diagnostics} <= {"T018"}  # the one fault that the grammar does not rule out


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(min_value=0), st.integers(min_value=0, max_value=4))
def test_a_random_ruleset_says_the_same_when_formatted(seed: int, items: int) -> None:
    text = Sentences(Random(seed)).text(items)
    canonical, _ = assert_canonical(text)
    assert "\t" not in canonical
    assert not re.search(r"[ \t]$|\n\n\n", canonical, re.MULTILINE)
    assert canonical.endswith("\n")
    assert not canonical.startswith("\n")


UNTIDY = """\


# ---- roles ---
role a   may override siso up to 5,000 USD with comment   # small
role channel-controller may override siso with comment
ruleset northwind version 1   # the header
  owner a



amount  b for each layer touched by pos-sale,pos-return is rounded( quantity*layer . unit-price )-( -c )
exception d to b
   # only for gold
   when tier is gold   # why

     # and where
    and region is EMEA
   becomes 0 , but 1 when x is over 2
      or y is missing
   # the end

control e for each siso
  needs expected is at least 0
        and   reported is not missing
  otherwise raise f high to g
# ---- tables ----
table h decides i for each siso
  |row|reported=>i|
  # the rest
  |noise|1,000 to under 2,000 USD=>"Größe | =>"|
"""

TIDY = """\
# ---- roles ---
role a                  may override siso up to 5,000 USD with comment  # small
role channel-controller may override siso with comment
ruleset northwind version 1  # the header
    owner a

amount b for each layer touched by pos-sale, pos-return is rounded(quantity * layer.unit-price) - (-c)
exception d to b
    # only for gold
    when tier is gold  # why
     # and where
     and region is EMEA
    becomes 0, but 1 when x is over 2
        or y is missing
    # the end

control e for each siso
    needs expected is at least 0
      and reported is not missing
    otherwise raise f high to g

# ---- tables ----
table h decides i for each siso
    | row   | reported                 => i            |
    # the rest
    | noise | 1,000 to under 2,000 USD => "Größe | =>" |
"""


def test_layout_is_settled() -> None:
    assert formatted(UNTIDY) == TIDY


def test_an_item_that_does_not_read_stays_as_it_is_among_others_that_do() -> None:
    text = "amount  a for each shipment is b\njornal   x  for each\n   debit   a b   # c\namount  c for each day is d\n"
    assert formatted(text) == text.replace("amount  ", "amount ")


def test_words_before_the_first_item_are_not_lost() -> None:
    text = "  northwind   1\n\n# a\nbook a posts\n"
    assert formatted(text) == text


def test_runs_of_one_kind_are_aligned_and_wide_cells_not_waited_for() -> None:
    text = """\
terms
    tier is one of gold, silver
    a, b are money
    estimable, counts-in-transit, price-protected are yes or no
journal sale for each shipment posts on ship-date in fiscal
    amount price is rounded(a)
    amount billed is rounded(b)
    debit trade-receivable billed
    credit product-revenue price
"""
    assert (
        formatted(text)
        == """\
terms
    tier is one of gold, silver
    a, b are money
    estimable, counts-in-transit, price-protected are yes or no
journal sale for each shipment posts on ship-date in fiscal
    amount price  is rounded(a)
    amount billed is rounded(b)
    debit  trade-receivable billed
    credit product-revenue  price
"""
    )


def test_comments_behind_neighbours_begin_in_one_column() -> None:
    text = "book a posts # one\nbook long-name posts #two\nbook c posts\nbook d posts   # three\n"
    assert formatted(text) == (
        "book a posts          # one\nbook long-name posts  #two\nbook c posts\nbook d posts  # three\n"
    )


def test_rows_added_to_a_table_are_aligned_with_their_neighbours() -> None:
    text = 'amend table t because ""\n    add row | a | b => c |\n    add row | long | d => l |\n    add row | e |\n'
    assert formatted(text) == (
        'amend table t because ""\n    add row | a    | b => c |\n    add row | long | d => l |\n    add row | e |\n'
    )


def test_only_the_blocks_of_a_literate_text_change() -> None:
    text = """\
# Policy

Some   prose, `code` and a list.

```python
amount   x = 1
```

```tieout
ruleset   northwind  version 1
  owner   a
```

   The end.

```tieout
amount  a  for each shipment is b
"""
    expected = text.replace("ruleset   northwind  version 1\n  owner   a", "ruleset northwind version 1\n    owner a")
    assert formatted(text, "policy.tieout.md") == expected


def test_line_ends_become_plain_and_a_refused_text_is_left_alone() -> None:
    assert formatted("book a posts\r\n\r\nbook b posts") == "book a posts\n\nbook b posts\n"
    assert formatted("book  a posts\x00") == "book  a posts\x00"
    assert formatted("") == ""
