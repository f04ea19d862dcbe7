"""Text to syntax tree: `parse` for a file, `parse_items` for a file without header, `parse_ruleset` for a folder.

Each item is parsed by itself. One that does not read gives its diagnostics and is left out; all others are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from dsl import syntax
from dsl.diagnostics import Diagnostic, Diagnostics, Label
from dsl.pieces import compiled_text, cut
from dsl.reading import read_item
from dsl.span import Source, Span
from dsl.surface import hide, refuse, scan

FAULTS_OF_A_TEXT = 100
"""The most faults that are looked for; a text with more is not read to its end."""


def parse(source: Source) -> tuple[tuple[syntax.RulesetText, ...], Diagnostics]:
    """The rulesets of one text, each from its header to the next; items of a broken header are checked but not kept."""
    diagnostics = Diagnostics()
    entries = _entries(source, diagnostics)
    rulesets: list[syntax.RulesetText] = []
    head: syntax.Head | None = None
    items: list[syntax.AnyItem] = []
    for entry in [*entries, None]:
        if isinstance(entry, syntax.Head | Span) or entry is None:
            if head is not None:
                span = head.span.to(items[-1].span) if items else head.span
                rulesets.append(syntax.RulesetText(span, head, tuple(items)))
            head, items = entry if isinstance(entry, syntax.Head) else None, []
        else:
            items.append(entry)
    if entries and not isinstance(entries[0], syntax.Head | Span):
        diagnostics.add(_no_header(entries[0].span))
    return tuple(rulesets), diagnostics


def parse_items(source: Source) -> tuple[tuple[syntax.AnyItem, ...], Diagnostics]:
    """The items of a text that has no header of its own; a header in it is an error (T017)."""
    diagnostics = Diagnostics()
    items: list[syntax.AnyItem] = []
    for entry in _entries(source, diagnostics):
        if isinstance(entry, syntax.Head | Span):
            span = entry if isinstance(entry, Span) else entry.span
            diagnostics.error("T017", "a header stands where only items may", span, "begin with an item")
        else:
            items.append(entry)
    return tuple(items), diagnostics


def parse_ruleset(sources: Sequence[Source]) -> tuple[syntax.RulesetText | None, Diagnostics]:
    """One ruleset from the texts of a folder: exactly one header, the items of every file in the order of names."""
    diagnostics = Diagnostics()
    heads: list[syntax.Head | Span] = []
    items: list[syntax.AnyItem] = []
    ordered = sorted(sources, key=lambda source: source.name)
    for source in ordered:
        for entry in _entries(source, diagnostics):
            if isinstance(entry, syntax.Head | Span):
                heads.append(entry)
            else:
                items.append(entry)
    if not heads and ordered:
        diagnostics.add(_no_header(items[0].span if items else Span(ordered[0], 0, 0)))
    spans = [entry if isinstance(entry, Span) else entry.name.span for entry in heads]
    for other in spans[1:]:
        label = Label(spans[0], "the other header")
        message = "a second header: a folder holds one ruleset"
        diagnostics.error(
            "T017", message, other, "keep one header, or move this ruleset to a folder of its own", (label,)
        )
    head = heads[0] if heads else None
    if not isinstance(head, syntax.Head):
        return None, diagnostics
    return syntax.RulesetText(head.span, head, tuple(items)), diagnostics


def _entries(source: Source, diagnostics: Diagnostics) -> tuple[syntax.Head | syntax.AnyItem | Span, ...]:
    """What stands in a text, item by item; the span of a header that does not read stands for it."""
    refused = tuple(islice(refuse(source), FAULTS_OF_A_TEXT))
    diagnostics.extend(refused)
    if refused:
        return ()
    text = compiled_text(source)
    pieces = cut(text)
    surface = tuple(islice(scan(source, hide(text), pieces), FAULTS_OF_A_TEXT))
    diagnostics.extend(surface)
    entries: list[syntax.Head | syntax.AnyItem | Span] = []
    for piece in pieces:
        if len(diagnostics) >= FAULTS_OF_A_TEXT:
            break
        known = [fault for fault in surface if piece.start <= fault.span.start < piece.end]
        node, found = read_item(source, text, piece, known)
        diagnostics.extend(found)
        if node is not None:
            entries.append(node)
        elif text.startswith("ruleset", piece.start):
            entries.append(Span(source, piece.start, piece.start + len("ruleset")))
    return tuple(entries)


def _no_header(span: Span) -> Diagnostic:
    return Diagnostic(
        "T017",
        "no header before the first item",
        span,
        "begin with `ruleset NAME version NUMBER` and `owner ROLE` below it",
    )
