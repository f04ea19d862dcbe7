"""Reading YAML as plain text: every scalar stays as written, every value keeps its place.

`007` is a code and not the number 7, `no` is what the model makes of it. Aliases are refused; size and depth are
capped.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from adapters.limits import DEEPEST_CONFIGURATION, LARGEST_CONFIGURATION, MOST_FINDINGS
from dsl.diagnostics import Diagnostics
from dsl.span import Source, Span

Tree = dict[str, "Tree"] | list["Tree"] | str | None
Path = tuple[Hashable, ...]


@dataclass(slots=True)
class Document:
    """What a YAML text says, and where: the spans of values and of keys, by path from the root."""

    source: Source
    tree: Tree = None
    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)

    def place(self, path: Path, of_key: bool = False) -> Span:
        """The span of the deepest part of a path that is written in the text."""
        while path:
            if of_key and path in self.keys:
                return self.keys[path]
            if path in self.values:
                return self.values[path]
            path = path[:-1]
        return Span(self.source, 0, 0)


def read_yaml(source: Source, diagnostics: Diagnostics) -> Document | None:
    """The document of a text, or None with an error recorded."""
    if len(source.text) > LARGEST_CONFIGURATION:
        diagnostics.error("C001", too_large(), Span(source, 0, 0), "split it by client")
        return None
    try:
        if not _bounded(source, diagnostics):
            return None
        node = yaml.compose(source.text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        start = mark.index if mark is not None else 0
        diagnostics.error("C001", f"not YAML: {error.problem or error.context}", Span(source, start, start))
        return None
    except yaml.YAMLError as error:
        diagnostics.error("C001", f"not YAML: {str(error).splitlines()[0]}", Span(source, 0, 0))
        return None
    document = Document(source)
    if node is not None:
        document.tree = _tree(node, (), document, diagnostics)
    return document


def too_large() -> str:
    """The sentence for a text that is not looked at."""
    return f"the file has more than {LARGEST_CONFIGURATION:,} characters"


def _bounded(source: Source, diagnostics: Diagnostics) -> bool:
    """Whether the text has no alias and is not nested too deeply; looked at before anything is built."""
    depth = 0
    for event in yaml.parse(source.text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            diagnostics.error("C001", "an alias is not read here", _span(source, event), "write the value out")
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST_CONFIGURATION:
                diagnostics.error(
                    "C001", f"nested more than {DEEPEST_CONFIGURATION} levels deep", _span(source, event), "flatten it"
                )
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def _span(source: Source, marked: yaml.Event | Node) -> Span:
    start, end = marked.start_mark, marked.end_mark
    return Span(source, start.index if start is not None else 0, end.index if end is not None else 0)


def _tree(node: Node, path: Path, document: Document, diagnostics: Diagnostics) -> Tree:
    source = document.source
    document.values[path] = _span(source, node)
    if isinstance(node, MappingNode):
        found: dict[str, Tree] = {}
        for key, value in node.value:
            span = _span(source, key)
            if len(diagnostics) >= MOST_FINDINGS:
                break
            if not isinstance(key, ScalarNode):
                diagnostics.error("C001", "a key must be a word", span)
                continue
            if key.value in found:
                diagnostics.error("C001", f"`{key.value}` is given twice", span, "keep one of the two")
                continue
            inner = (*path, key.value)
            document.keys[inner] = span
            found[key.value] = _tree(value, inner, document, diagnostics)
        return found
    if isinstance(node, SequenceNode):
        return [_tree(item, (*path, at), document, diagnostics) for at, item in enumerate(node.value)]
    return str(node.value) if node.value or not isinstance(node, ScalarNode) or node.style else None
