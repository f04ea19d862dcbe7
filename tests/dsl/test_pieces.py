"""Cutting a text into items, and the headings of a literate one."""

from __future__ import annotations

from dsl.pieces import blocks, compiled_text, cut, heading_at
from dsl.span import Source

POLICY = """\
# Revenue policy

## 3.2 Returns #

```tieout
# Not a heading: a comment of the rules
book a posts
```

### Deep

## 3.3 Claims in C#

~~~~tieout
book b posts
```
~~~~

```
book c posts
```
"""


def test_an_item_begins_in_column_one_and_ends_where_the_next_begins() -> None:
    text = "# lead\n\nbook a posts\n    # inside\n\n# heading\nbook b posts\n"
    assert [text[piece.start : piece.end] for piece in cut(text)] == [
        "book a posts\n    # inside\n\n# heading\n",
        "book b posts\n",
    ]
    assert cut("") == ()
    assert cut("   indented\n# comment") == ()


def test_only_blocks_of_rules_compile_and_every_offset_stays() -> None:
    source = Source("policy.tieout.md", POLICY)
    compiled = compiled_text(source)
    assert len(compiled) == len(POLICY)
    kept = [line for line in compiled.splitlines() if line.strip()]
    assert kept == ["# Not a heading: a comment of the rules", "book a posts", "book b posts", "```"]
    for word in ("book a posts", "book b posts"):
        assert compiled.index(word) == POLICY.index(word)
    assert [(block.compiles, block.closed) for block in blocks(POLICY)] == [(True, True), (True, True), (False, True)]


def test_a_plain_text_compiles_as_it_is() -> None:
    source = Source("policy.tieout", POLICY)
    assert compiled_text(source) == POLICY
    assert heading_at(source, len(POLICY)) == ""


def test_a_place_has_the_headings_above_it_outermost_first() -> None:
    source = Source("policy.tieout.md", POLICY)
    assert heading_at(source, POLICY.index("book a")) == "Revenue policy, 3.2 Returns"
    assert heading_at(source, POLICY.index("book b")) == "Revenue policy, 3.3 Claims in C#"
    assert heading_at(source, POLICY.index("### Deep") + 9) == "Revenue policy, 3.2 Returns, Deep"
    assert heading_at(Source("policy.tieout.md", "Prose.\n" + POLICY), 3) == ""
