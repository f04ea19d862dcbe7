"""What the features ask for: the steps, wherever they are written."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("features.steps")

from features.steps import given, then  # noqa: E402 - rewritten, so that a failed step shows both sides


def pytest_configure(config: pytest.Config) -> None:
    for steps in (given, then):
        config.pluginmanager.register(steps)
