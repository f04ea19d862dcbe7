"""What was refused so far: constructs that can be written and do not run, one refusal for each place."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsl.diagnostics import Diagnostics, Label
from dsl.span import Span


@dataclass
class Refusals:
    """Refusals found so far, one for each place."""

    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    places: set[tuple[str, int, int]] = field(default_factory=set)

    def add(self, span: Span, construct: str, help: str = "", labels: tuple[Label, ...] = ()) -> None:
        """Refuse what stands at a place; `construct` is the subject of the sentence, with its reason after a colon."""
        place = (span.source.name, span.start, span.end)
        if place not in self.places:
            self.places.add(place)
            subject, _, reason = construct.partition(": ")
            sentence = f"{subject} can be written but does not run yet"
            self.diagnostics.error("T901", f"{sentence}: {reason}" if reason else sentence, span, help, labels)
