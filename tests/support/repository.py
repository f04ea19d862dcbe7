"""The repository as its own tests see it: its files, and what its Python modules say."""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.shared import ROOT

PACKAGES = ("dsl", "engine", "adapters")


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file: its dotted name (`dsl.span`; a package goes by its folder), its text and its tree."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        """Whether this is the `__init__` of a folder."""
        return self.path.endswith("__init__.py")


def module_from_text(path: str, text: str) -> Module:
    """A module as it would be at a path, relative to the root."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Module(name, path, text, ast.parse(text))


def _modules_below(folders: tuple[str, ...]) -> tuple[Module, ...]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(
        module_from_text(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths
    )


@cache
def product_modules() -> tuple[Module, ...]:
    """Every module of the product, sorted by path."""
    return _modules_below(PACKAGES)


@cache
def python_modules() -> tuple[Module, ...]:
    """Every Python file of the repository, tests, features and benchmarks too, sorted by path."""
    return (*product_modules(), *_modules_below(("tests", "features", "benchmarks")))


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def make_targets() -> dict[str, str]:
    """The targets of the Makefile that say what they are for, with what they say."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z]+):.*## (.+)$", makefile, re.MULTILINE))
