"""Plants one bug: Python imports this module at its start where this folder is in PYTHONPATH.

The bug is there for `import` and for `runpy.run_path`.

TIEOUT_PLANTED is a JSON object: the module's dotted name, its path, the text there is once, and the text in its place.
Every process that a test starts has the bug, too. Nothing is written; the module's kept bytecode is not used.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import runpy
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType


def bug_of(planted: dict[str, str]) -> CodeType:
    """The code of the planted module; ValueError where the text is not there once."""
    with io.open_code(planted["path"]) as file:
        text = file.read().decode("utf-8")
    if text.count(planted["old"]) != 1:
        raise ValueError(f"{planted['path']} has the text {text.count(planted['old'])} times, not once")
    return compile(text.replace(planted["old"], planted["new"]), planted["path"], "exec")


class Planted(SourceFileLoader):
    """Loads one module from its text with the bug in it."""

    def __init__(self, planted: dict[str, str]) -> None:
        super().__init__(planted["module"], planted["path"])
        self.planted = planted

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as importlib asks
        """The module's code."""
        return bug_of(self.planted)


class Finder:
    """Finds the one module, before all other finders."""

    def __init__(self, planted: dict[str, str]) -> None:
        self.planted = planted

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """As importlib asks."""
        if name != self.planted["module"]:
            return None
        return importlib.util.spec_from_file_location(name, self.planted["path"], loader=Planted(self.planted))


def plant(planted: dict[str, str]) -> None:
    """Have every way to run the module find the bug."""
    sys.meta_path.insert(0, Finder(planted))
    usual: Callable[..., object] = runpy._get_code_from_file  # type: ignore[attr-defined]

    def found(*given: str) -> object:
        code = usual(*given)
        if os.path.realpath(given[-1]) != os.path.realpath(planted["path"]):
            return code
        return (bug_of(planted), code[1]) if isinstance(code, tuple) else bug_of(planted)

    runpy._get_code_from_file = found  # type: ignore[attr-defined]


if "TIEOUT_PLANTED" in os.environ:
    plant(json.loads(os.environ["TIEOUT_PLANTED"]))
