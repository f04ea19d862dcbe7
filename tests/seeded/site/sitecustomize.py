"""Plants one bug: Python imports this module at its start where this folder is in PYTHONPATH.

TIEOUT_PLANTED is a JSON object: the module's dotted name, its path, the text there is once, and the text in its place.
Every process that a test starts has the bug, too. Nothing is written; the module's kept bytecode is not used.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType


class Planted(SourceFileLoader):
    """Loads one module from its text with the bug in it."""

    def __init__(self, name: str, path: str, old: str, new: str) -> None:
        super().__init__(name, path)
        self.old, self.new = old, new

    def get_code(self, fullname: str) -> CodeType:
        """The module's code; ValueError where the text is not there once."""
        text = self.get_data(self.path).decode("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{fullname} has the text {text.count(self.old)} times, not once: {self.old}")
        return self.source_to_code(text.replace(self.old, self.new).encode("utf-8"), self.path)


class Finder:
    """Finds the one module, before all other finders."""

    def __init__(self, planted: dict[str, str]) -> None:
        self.planted = planted

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """As importlib asks."""
        if name != self.planted["module"]:
            return None
        place = self.planted["path"]
        loader = Planted(name, place, self.planted["old"], self.planted["new"])
        return importlib.util.spec_from_file_location(name, place, loader=loader)


if "TIEOUT_PLANTED" in os.environ:
    sys.meta_path.insert(0, Finder(json.loads(os.environ["TIEOUT_PLANTED"])))  # type: ignore[arg-type]
