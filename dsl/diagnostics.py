"""Diagnostics: what is wrong in the user's material, as values; and the exception for what is wrong in ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from dsl.span import Span


class Severity(Enum):
    """How much a diagnostic weighs: an error refuses the ruleset, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that belongs to a diagnostic, with its own words."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: code (`T101`), message, the span it speaks of, and the next action as `help`."""

    code: str
    message: str
    span: Span
    help: str = ""
    severity: Severity = Severity.ERROR
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Diagnostics:
    """Collects findings while a pass runs; sorted by source, place and code when read."""

    found: list[Diagnostic] = field(default_factory=list)
    _known: set[Diagnostic] = field(default_factory=set, repr=False)

    def error(self, code: str, message: str, span: Span, help: str = "", labels: tuple[Label, ...] = ()) -> None:
        """Record an error."""
        self.add(Diagnostic(code, message, span, help, Severity.ERROR, labels))

    def warning(self, code: str, message: str, span: Span, help: str = "", labels: tuple[Label, ...] = ()) -> None:
        """Record a warning."""
        self.add(Diagnostic(code, message, span, help, Severity.WARNING, labels))

    def add(self, diagnostic: Diagnostic) -> None:
        """Record one finding, once."""
        if diagnostic not in self._known:
            self._known.add(diagnostic)
            self.found.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Record several findings."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The errors alone, sorted."""
        return tuple(one for one in self if one.severity is Severity.ERROR)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self.found, key=lambda one: (one.span.source.name, one.span.start, one.code, one.message)))

    def __len__(self) -> int:
        return len(self.found)


class InternalError(Exception):
    """A bug in tieout, never the user's fault; the command line says so and exits with 70."""
