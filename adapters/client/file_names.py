"""Patterns of file names: `acme_pos_*.csv`, `beta_stock_{as-of:YYYY-MM-DD}.csv`.

`*` stands for any characters, `?` for one, and `{name}` or `{name:FORMAT}` for a part of the name that a feed may use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.client.dates import date_format, parse_date

LONGEST_NAME = 255
"""Characters of a pattern; file systems allow names of as many bytes."""

MOST_OPEN_ENDED = 4
"""Parts of any length in a pattern: with more, a name can be made that takes hours to tell from it."""

_PART = re.compile(r"\*|\?|\{([a-z][a-z0-9-]*)(?::([^}]*))?\}|[^*?{}]+")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A pattern of file names, ready to match; `formats` are the date formats of its named parts, by name."""

    text: str
    expression: str
    parts: tuple[str, ...]
    formats: dict[str, str]

    def match(self, name: str) -> dict[str, str] | None:
        """The named parts of a file name, dates as YYYY-MM-DD; None where the name does not fit."""
        match = re.fullmatch(self.expression, name)
        if match is None:
            return None
        found = {}
        for at, part in enumerate(self.parts, 1):
            text: str | None = match[at]
            if part in self.formats:
                text = parse_date(match[at], date_format(self.formats[part]))
            if text is None:
                return None
            found[part] = text
        return found


def name_pattern(text: str) -> NamePattern:
    """The pattern that a text declares; ValueError, in words for people, where it is none."""
    expression = ""
    parts: list[str] = []
    formats: dict[str, str] = {}
    if len(text) > LONGEST_NAME:
        raise ValueError(f"a file pattern has at most {LONGEST_NAME} characters, like a file name")
    at = open_ended = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            raise ValueError(f"`{text}` has a brace that is not `{{name}}` or `{{name:YYYY-MM-DD}}`")
        word, part, written = match.group(), match[1], match[2]
        if part is not None:
            if part in parts:
                raise ValueError(f"`{text}` names its part `{part}` twice")
            parts.append(part)
            if written is not None:
                formats[part] = written
                expression += f"({date_format(written).pattern.replace('(', '(?:')})"
            else:
                expression += "(.+?)"
                open_ended += 1
        else:
            expression += {"*": ".*", "?": "."}.get(word, re.escape(word))
            open_ended += word == "*"
        at = match.end()
    if open_ended > MOST_OPEN_ENDED:
        raise ValueError(f"`{text}` has more than {MOST_OPEN_ENDED} parts of any length, `*` or `{{name}}`")
    return NamePattern(text, expression, tuple(parts), formats)
