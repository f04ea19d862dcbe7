"""The text as a scenario changes it: each line changes what it names, and nothing else."""

from __future__ import annotations

from decimal import Decimal

from engine.model.expression import Literal
from engine.model.from_syntax import resolve_under
from engine.model.ruleset import Ruleset
from engine.model.scenarios import UnderScenario
from tests.model.small import SMALL, resolved

SHOWS = "    shows revenue by partner\n"
DEARER = "scenario dearer on small\n    set overhead to 2.0% from 2026-01-01\n" + SHOWS


def supposed(lines: str, text: str = SMALL) -> tuple[Ruleset, UnderScenario]:
    """The small ruleset, and itself under a scenario of some lines."""
    assert DEARER in text
    ruleset, _ = resolved(text.replace(DEARER, f"scenario asked on small\n{lines}{SHOWS}"))
    assert ruleset is not None
    under, found = resolve_under(ruleset, "asked")
    assert under is not None, [one.message for one in found]
    return ruleset, under


def rates(ruleset: Ruleset, parameter: str) -> list[tuple[str, tuple[Decimal, ...]]]:
    """The rows of a parameter, each with its first day."""
    found = []
    for since, cells in ruleset.parameters[parameter].rows:
        values = [cell.value for cell in cells if isinstance(cell, Literal)]
        found.append((since.isoformat(), tuple(one for one in values if isinstance(one, Decimal))))
    return found


def test_a_parameter_is_set_from_a_day_on_in_every_column() -> None:
    before, under = supposed("    set reserve-rate to 5.0% from 2026-01-01\n")
    usual = ("2020-01-01", (Decimal("0.03"), Decimal("0.04")))
    assert rates(before, "reserve-rate") == [usual]
    assert rates(under.ruleset, "reserve-rate") == [usual, ("2026-01-01", (Decimal("0.05"), Decimal("0.05")))]


def test_rows_from_that_day_on_no_longer_hold() -> None:
    _, under = supposed("    set overhead to 5.0% from 2019-01-01\n    set overhead to 6.0% from 2026-01-01\n")
    assert rates(under.ruleset, "overhead") == [("2019-01-01", (Decimal("0.05"),)), ("2026-01-01", (Decimal("0.06"),))]


def test_a_replaced_answer_has_no_exceptions() -> None:
    before, under = supposed("    replace basis with sell-in\n")
    assert [rule.name for rule in before.decisions["basis"].exceptions] == ["at-resale"]
    assert under.ruleset.decisions["basis"].exceptions == ()
    usual = under.ruleset.decisions["basis"].usual
    assert isinstance(usual, Literal)
    assert usual.value == "sell-in"


def test_a_replaced_parameter_has_one_value_on_every_day() -> None:
    _, under = supposed("    replace overhead with 7.0%\n")
    assert rates(under.ruleset, "overhead") == [("0001-01-01", (Decimal("0.07"),))]


def test_a_phrase_of_layers_takes_the_place_of_the_one_that_answers_the_same() -> None:
    before, under = supposed("    in pool leave newest first by ship-date, then document\n")
    assert (before.layers["pool"].order, under.ruleset.layers["pool"].order) == ("oldest", "newest")
    assert under.ruleset.layers["pool"].brings_back == before.layers["pool"].brings_back


def test_every_change_is_told_with_its_words_and_its_place() -> None:
    _, under = supposed("    replace basis with sell-in\n    set overhead to 2.0% from 2026-01-01\n")
    assert [(one.family, one.item, one.words) for one in under.changes] == [
        ("decision", "basis", "replace basis with sell-in"),
        ("parameter", "overhead", "set overhead to 2.0% from 2026-01-01"),
    ]
    lines = [one.span.location.line for one in under.changes]
    assert lines == [lines[0], lines[0] + 1]
    assert [(shown.roles, shown.by) for shown in under.shows] == [(("revenue",), ("partner",))]


def test_a_scenario_that_makes_a_text_unsound_is_refused() -> None:
    text = SMALL.replace(DEARER, f"scenario asked on small\n    replace overhead with 5.0 USD\n{SHOWS}")
    ruleset, found = resolved(text)
    assert ruleset is None
    assert [one.code for one in found if one.span.text == "5.0 USD"] == ["T201"]
