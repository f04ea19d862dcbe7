"""Which report of a ruleset is its scorecard, and what is said where there is none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from adapters.books.errors import BooksError
from adapters.closing.scorecards import report_of
from engine.model.ruleset import Ruleset
from tests.support.small_world import SHOP, ruleset_of


def rules() -> Ruleset:
    """The shop with cards: `standing` shows figures for each partner too, and is not called so."""
    shop = ruleset_of(SHOP)
    standing = shop.reports["standing"]
    cards = {name: replace(standing, name=name) for name in ("base-scorecard", "partner-scorecard")}
    rolled = replace(standing, name="rolled-scorecard", shows=())
    return replace(shop, reports={**shop.reports, **cards, "rolled-scorecard": rolled})


def test_an_overlays_scorecard_comes_before_its_bases_and_any_other_may_be_named() -> None:
    assert report_of(rules(), None).name == "partner-scorecard"
    assert report_of(rules(), "standing").name == "standing"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cards", "`cards` is no report of these rules; name one of standing, base-scorecard, partner-scorecard"),
        ("rolled-scorecard", "`rolled-scorecard` shows no figures for each partner and period; name one of standing"),
    ],
)
def test_what_is_no_scorecard_is_said(name: str, sentence: str) -> None:
    with pytest.raises(BooksError, match=re.escape(sentence)):
        report_of(rules(), name)


def test_rules_without_a_scorecard_say_so() -> None:
    sentence = "the rules have no report called `...scorecard`; name one of standing"
    with pytest.raises(BooksError, match=re.escape(sentence)):
        report_of(ruleset_of(SHOP), None)
