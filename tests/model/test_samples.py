"""The whole language at work: the designs' sample rulesets and the standard ruleset resolve without an error."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from dsl.span import Source
from engine.compile import STAGES, check
from tests.support.shared import ROOT, shared_path

UNROUNDED = ("T203", "posts `amount` as recorded, unrounded")
STANDARD_WARNINGS = [
    ("T204", "divides by `bundle-line.quantity`, which can be 0"),
    ("T001", "`1` has no unit, and it is compared with units"),
    ("T304", "outcome `price-reduction` of `claim-buys` is read by nothing, and no `why` explains it"),
    UNROUNDED,
    UNROUNDED,
]
"""What the sample itself is at fault in: warnings, because the run can stop naming the row."""


@lru_cache(maxsize=4)
def sample(name: str) -> str:
    path = shared_path("design", "sample", f"{name}.tieout")
    return path.read_text(encoding="utf-8")


def told(*texts: str) -> list[tuple[str, str, str]]:
    sources = [(Source(f"{at}.tieout", text),) for at, text in enumerate(texts)]
    ruleset, diagnostics = check(sources, STAGES[:2])
    assert (ruleset is None) == bool(diagnostics.errors)
    return [(one.code, one.message, one.span.text) for one in diagnostics]


def test_sample_of_the_standard_base_has_warnings_only() -> None:
    assert [one[:2] for one in told(sample("standard"))] == STANDARD_WARNINGS


def test_sample_overlay_on_its_base_adds_no_fault() -> None:
    assert [one[:2] for one in told(sample("standard"), sample("client"))] == STANDARD_WARNINGS


PLANTED = [
    pytest.param(
        "debit  deferred-revenue  gross\n",
        "debit  deferred-revnue   gross\n",
        ("T101", "no account role `deferred-revnue` in `accounts`", "deferred-revnue"),
        id="a wrong name",
    ),
    pytest.param(
        "exception down-to-cost to back-end-credit\n",
        "exception down-to-cost to back-end-credits\n",
        ("T101", "nothing called `back-end-credits` takes exceptions", "back-end-credits"),
        id="a wrong target",
    ),
    pytest.param(
        "    cites control-transfer, receivable\nexception management-view",
        "    cites control-transfers, receivable\nexception management-view",
        ("T101", "no citation `control-transfers`", "control-transfers"),
        id="a wrong citation",
    ),
    pytest.param(
        "    credit refund-liability   refund\n    credit concession-reserve concession\n",
        "    credit refund-liability   refund\n    credit concession-reserve refund\n",
        (
            "T401",
            "`sell-in-sale` does not balance: debits - credits = concession - refund for every input",
            "refund",
        ),
        id="an unbalanced line",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), PLANTED)
def test_fault_planted_into_the_sample_is_found(old: str, new: str, expected: tuple[str, str, str]) -> None:
    text = sample("standard")
    assert text.count(old) == 1
    assert expected in told(text.replace(old, new))


def standard_chapters() -> list[Source]:
    folder: Path = ROOT / "rulesets" / "standard"
    return [Source(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.tieout"))]


def test_standard_ruleset_has_no_error() -> None:
    ruleset, diagnostics = check([standard_chapters()])
    assert [(one.code, one.message, str(one.span)) for one in diagnostics.errors] == []
    assert ruleset is not None
    assert ruleset.head.name == "standard"
