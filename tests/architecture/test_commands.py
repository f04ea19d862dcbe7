"""The two commands of the README, the Makefile behind them, and what the continuous integration runs."""

from __future__ import annotations

import os
import re

from tests.support.repository import make_targets
from tests.support.shared import ROOT


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(readme: str) -> list[str]:
    """The make commands of the README's first screen, in order."""
    first_screen = "\n".join(readme.splitlines()[:30])
    return re.findall(r"^make [a-z]+", first_screen, re.MULTILINE)


def is_run(script: str, command: str) -> bool:
    """Whether a script runs a command on a line of its own."""
    return command in [line.strip() for line in script.splitlines()]


def test_the_first_screen_gives_two_commands() -> None:
    assert commands(read("README.md")) == ["make demo", "make test"]


def test_continuous_integration_runs_the_checks_and_the_test_command_of_the_readme() -> None:
    test_command = commands(read("README.md"))[1]
    assert is_run(read(".ci/run"), "make check")
    assert is_run(read(".ci/run"), test_command)
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_every_target_says_what_it_is_for() -> None:
    targets = make_targets()
    declared = re.search(r"^\.PHONY: (.+)$", read("Makefile"), re.MULTILINE)
    assert declared is not None
    assert set(declared.group(1).split()) == set(targets)
    assert {"setup", "demo", "test", "check", "format", "accept", "bench", "help"} <= set(targets)


def test_a_planted_comment_is_not_a_command() -> None:
    assert not is_run("# make test\necho make test", "make test")
    assert is_run("set -e\nmake test\n", "make test")
