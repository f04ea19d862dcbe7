"""What is installed: three packages and one command, from a lock file that knows only hashes."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from typing import Any

import pytest

from tests.support.repository import PACKAGES
from tests.support.shared import ROOT

PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def loose_lines(lock: str) -> list[str]:
    """Lines of a lock file that are neither a pinned package, a hash nor a comment; and packages without a hash."""
    lines = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]
    loose = [
        line
        for line in lines
        if not (PINNED.match(line) or HASH.match(line) or line.lstrip().startswith("#") or not line)
    ]
    bare = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if PINNED.match(line) and not HASH.match(after)
    ]
    return loose + bare


def locked_names(lock: str) -> set[str]:
    """The packages a lock file pins."""
    return {found.group(1) for line in lock.splitlines() if (found := PINNED.match(line))}


def required_names(requirements: list[str]) -> set[str]:
    """The packages named in a list of requirements."""
    return {re.split(r"[<>=!~;\[ ]", one)[0].lower() for one in requirements}


def test_only_tieout_provides_its_packages() -> None:
    providers = metadata.packages_distributions()
    assert {name: sorted(set(providers.get(name, []))) for name in PACKAGES} == {name: ["tieout"] for name in PACKAGES}


def test_tieout_provides_nothing_else() -> None:
    top_level = metadata.distribution("tieout").read_text("top_level.txt")
    assert top_level is not None
    assert sorted(top_level.split()) == sorted(PACKAGES)


def test_the_command_is_tieout() -> None:
    scripts = [one for one in metadata.distribution("tieout").entry_points if one.group == "console_scripts"]
    assert [(one.name, one.value) for one in scripts] == [("tieout", "adapters.cli.main:main")]
    assert callable(scripts[0].load())


def test_the_engines_are_pinned(project: dict[str, Any]) -> None:
    assert {"duckdb==2.0.*", "sqlglot[c]==30.*", "lark==1.*"} <= set(project["project"]["dependencies"])


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-bench.lock"])
def test_lock_files_hold_pins_and_hashes_only(name: str) -> None:
    assert loose_lines((ROOT / name).read_text(encoding="utf-8")) == []


def test_the_lock_covers_what_is_asked_for(project: dict[str, Any]) -> None:
    asked = project["project"]
    extras = asked["optional-dependencies"]
    wanted = required_names(asked["dependencies"]) | required_names(extras["dev"])
    assert wanted <= locked_names((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert required_names(extras["bench"]) <= locked_names(
        (ROOT / "requirements-bench.lock").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize(
    "planted",
    ["--find-links somewhere", "duckdb==2.0.0", "duckdb==2.0.0 \\\n    # via tieout", "    --hash=md5:00"],
)
def test_a_planted_loose_line_is_found(planted: str) -> None:
    assert loose_lines(f"click==8.5.1 \\\n    --hash=sha256:{'0' * 64}\n{planted}\n") != []
