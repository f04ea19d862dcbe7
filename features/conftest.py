"""What the features ask for: the steps, wherever they are written, and each ruleset read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from adapters.cli import material
from adapters.ruleset_files import SHIPPED, read_ruleset
from dsl.diagnostics import Diagnostics
from engine.model.ruleset import Ruleset

pytest.register_assert_rewrite("features.steps")

from features.steps import cards, companies, given, overriding, people, suppose, then  # noqa: E402 - rewritten, so that a failed step shows both sides


def pytest_configure(config: pytest.Config) -> None:
    for steps in (given, then, suppose, cards, companies, overriding, people):
        config.pluginmanager.register(steps)


@pytest.fixture(scope="session", autouse=True)
def rulesets_read_once() -> Iterator[None]:
    """Commands find a ruleset as they would, but what was read for one scenario is kept for the next."""

    @cache
    def read(path: Path) -> tuple[Ruleset | None, Diagnostics]:
        return read_ruleset(path, (path.parent, SHIPPED))

    def find(path: Path, search: Sequence[Path]) -> tuple[Ruleset | None, Diagnostics]:  # noqa: ARG001 - as called
        return read(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(material, "read_ruleset", find)
        yield
