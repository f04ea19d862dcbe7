"""The journey of a text on one screen: sources, syntax trees, one bound and checked ruleset, and whether it can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dsl import syntax
from dsl.diagnostics import Diagnostic, Diagnostics
from dsl.span import Source
from engine.model.from_syntax import resolve, resolve_under
from engine.model.load import parse_all
from engine.model.ruleset import Ruleset
from engine.model.scenarios import UnderScenario
from engine.plan.refusals.coverage import refusals
from engine.plan.refusals.scenario_coverage import projection_refusals


@dataclass
class Journey:
    """How far a base and its overlays came: sources of each text (base first), trees, ruleset, findings."""

    texts: Sequence[Sequence[Source]]
    trees: tuple[syntax.RulesetText, ...] = ()
    ruleset: Ruleset | None = None
    diagnostics: Diagnostics = field(default_factory=Diagnostics)


def _read(journey: Journey) -> None:
    journey.trees, found = parse_all(journey.texts)
    journey.diagnostics.extend(found)


def _resolve(journey: Journey) -> None:
    journey.ruleset, found = resolve(journey.trees)
    journey.diagnostics.extend(found)


def _cover(journey: Journey) -> None:
    if journey.ruleset is not None:
        journey.diagnostics.extend(refusals(journey.ruleset))


def _suppose(journey: Journey) -> None:
    if journey.ruleset is not None:
        for scenario in journey.ruleset.scenarios:
            journey.diagnostics.extend(check_under(journey.ruleset, scenario)[1])


Stage = tuple[str, Callable[[Journey], None]]
STAGES: tuple[Stage, ...] = (
    ("read: words, grammar, syntax tree (dsl.parse)", _read),
    ("resolve: merge overlays, bind names and types, run every check (engine.model.from_syntax)", _resolve),
    ("cover: refuse what this version does not run (engine.plan.refusals.coverage)", _cover),
    ("suppose: resolve and cover the text once more as each scenario changes it (engine.model.scenarios)", _suppose),
)
"""What happens to a text before any data is looked at; engine.run.close has what happens to data."""


def check(texts: Sequence[Sequence[Source]], stages: Sequence[Stage] = STAGES) -> tuple[Ruleset | None, Diagnostics]:
    """The ruleset of a base and its overlays, base first, ready to run; None where anything is an error.

    A stage is reached only if the one before found no error, so that one fault is told once. What was found of a text
    is kept for as long as the process runs, since a close reads its rules at every period.
    """
    ruleset, found = _checked(tuple(map(tuple, texts)), tuple(stages))
    return ruleset, Diagnostics(list(found))


@lru_cache(maxsize=8)
def _checked(
    texts: tuple[tuple[Source, ...], ...], stages: tuple[Stage, ...]
) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
    journey = Journey(texts)
    for _, stage in stages:
        stage(journey)
        if journey.diagnostics.errors:
            return None, tuple(journey.diagnostics)
    return journey.ruleset, tuple(journey.diagnostics)


def check_under(ruleset: Ruleset, scenario: str) -> tuple[UnderScenario | None, Diagnostics]:
    """A ruleset under one of its scenarios, ready to run; only what is wrong because of the scenario is told."""
    under, resolving = resolve_under(ruleset, scenario)
    found = Diagnostics()
    found.extend(resolving.errors)
    if under is not None and not found.errors:
        found.extend(refusals(under.ruleset).errors)
        found.extend(projection_refusals(under).errors)
    return (None if found.errors else under), found
