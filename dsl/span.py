"""Sources and spans: where in which text a thing stands."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Location:
    """A place for people: line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """One text with the name people know it by (a path relative to where they stand)."""

    name: str
    text: str
    line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(offset + 1 for offset, character in enumerate(self.text) if character == "\n")
        object.__setattr__(self, "line_starts", tuple(starts))

    def location(self, offset: int) -> Location:
        """The line and column of an offset."""
        line = bisect_right(self.line_starts, offset)
        return Location(line, offset - self.line_starts[line - 1] + 1)

    def line_text(self, line: int) -> str:
        """The text of one line (from 1), without its line end."""
        start = self.line_starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of a source: offsets `start` up to but not including `end`."""

    source: Source = field(repr=False, compare=False)
    start: int
    end: int

    @property
    def location(self) -> Location:
        """Where the span begins, for people."""
        return self.source.location(self.start)

    @property
    def text(self) -> str:
        """The words the span covers."""
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The span from the beginning of this one to the end of another."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __str__(self) -> str:
        location = self.location
        return f"{self.source.name}:{location.line}:{location.column}"
