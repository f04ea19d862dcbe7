"""What every test may ask for."""

from __future__ import annotations

import os

import pytest

from tests.support.golden import Golden, golden_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite golden files from what the code does now")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--accept") and os.environ.get("CI"):
        raise pytest.UsageError("golden files are accepted by a person, never under CI")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(golden_folder(request.path), bool(request.config.getoption("--accept")))
