"""Examples of the designs' sample rulesets that are cheap to run; `make samples` runs every one."""

from __future__ import annotations

import pytest

from adapters.duckdb_executor import DuckDBExecutor
from dsl.span import Source
from engine.compile import STAGES, check
from engine.model.ruleset import Ruleset
from engine.run.examples import run_example
from tests.support import promises
from tests.support.shared import shared_path

CHEAP = [
    pytest.param(("standard",), "72-kpmg-telco-discount-largest-remainder", id="whole yen"),
    pytest.param(("standard",), "44-odoo-fifo-returns, rereturn_delivery_1, original position", id="old place"),
    pytest.param(("standard",), "44-odoo-fifo-returns, rereturn_delivery_1, back of queue", id="back of the queue"),
    pytest.param(("standard", "client"), "36-beancount-fifo-lots, reduction of 7", id="lots, in the overlay"),
]


def sample(names: tuple[str, ...]) -> Ruleset:
    """A sample and its overlays, read, resolved and covered."""
    paths = [shared_path("design", "sample", f"{name}.tieout") for name in names]
    ruleset, found = check([[Source(path.name, path.read_text(encoding="utf-8"))] for path in paths], STAGES[:3])
    assert ruleset is not None, [(one.code, one.message, str(one.span)) for one in found.errors]
    return ruleset


@pytest.mark.parametrize(("names", "case"), promises.some(CHEAP, per_commit=CHEAP[::3]))
def test_examples_of_the_samples_come_out(names: tuple[str, ...], case: str) -> None:
    ruleset = sample(names)
    (example,) = (one for one in ruleset.examples if one.case is not None and one.case.text == case)
    result = run_example(ruleset, example, lambda: DuckDBExecutor(threads=1))
    assert result.passed, (result.stopped, result.differences)


def test_an_overlay_has_its_own_examples_alone() -> None:
    # Those of the base hold for the base, whose calendar and treatments the overlay changes.
    titles = [one.title.text for one in sample(("standard", "client")).examples]
    assert titles == ["lots entered out of order leave by date; freight found later would raise the third"]
