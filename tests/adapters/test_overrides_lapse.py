"""In which periods an override holds, and when it lapses."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from adapters.closing.overrides import holding, holds_in, standing
from engine.governance.state import Closing, Override, State
from engine.run.close import close_calendar
from tests.engine.test_overrides_oracle import of_row, override
from tests.support.shop_client import RULESET
from tests.support.small_world import ruleset_of

HEAD_LINE = "    rounding half-up to the minor unit\n"
RULES = ruleset_of(RULESET.replace(HEAD_LINE, f"{HEAD_LINE}    overrides lapse after 2 periods\n"))
CALENDAR = close_calendar(RULES)


def in_period(period: str, name: str, value: str, seq: int, state: str = "approved") -> Override:
    """An override of ACME's count."""
    one = override(of_row("ACME", "X100"), "reported", value)
    return replace(one, proposal=replace(one.proposal, override=name, period=period), seq=seq, state=state)


FIRST = in_period("FY2026-P01", "O-1", "5", 10)
SECOND = in_period("FY2026-P02", "O-2", "6", 20)
WAITING = in_period("FY2026-P01", "O-3", "7", 30, "proposed")
STATE = State(overrides=MappingProxyType({one.proposal.override: one for one in (FIRST, SECOND, WAITING)}))


def closed(*periods: str) -> State:
    return replace(STATE, closings=MappingProxyType({("fiscal", one): Closing(closed_run=7) for one in periods}))


def held(name: str) -> list[str]:
    period = CALENDAR.period(name)
    assert period is not None
    return [one.proposal.override for one in holding(STATE, RULES, CALENDAR, period)]


def test_an_override_holds_as_long_as_the_rules_say_and_the_later_one_of_a_value_counts() -> None:
    assert holds_in(RULES, CALENDAR, FIRST.proposal) == ("FY2026-P01", "FY2026-P02")
    assert holds_in(ruleset_of(RULESET), CALENDAR, FIRST.proposal) == ("FY2026-P01",)
    assert [held(f"FY2026-P0{number}") for number in range(1, 5)] == [["O-1"], ["O-2"], ["O-2"], []]


def test_what_holds_no_more_and_what_nobody_approved_in_time_has_lapsed() -> None:
    def words(state: State) -> list[str]:
        return [standing(RULES, CALENDAR, state, one) for one in (FIRST, SECOND, WAITING)]

    assert words(STATE) == ["approved", "approved", "proposed"]
    assert words(closed("FY2026-P01")) == ["approved", "approved", "lapsed"]
    assert words(closed("FY2026-P01", "FY2026-P02")) == ["lapsed", "approved", "lapsed"]
