"""Golden files: outcomes that were read once, accepted, and are compared byte for byte ever after.

The golden `name` of `tests/dsl/test_format.py` is `tests/dsl/golden/test_format/name`. `make accept` rewrites them from
what the code does now, and `git diff` is the review; under CI nothing is ever accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden files of one test module; `accept` rewrites instead of comparing."""

    folder: Path
    accept: bool

    def check(self, name: str, text: str) -> None:
        """Compare a text with its golden file, or accept it; AssertionError says how to go on."""
        path = self.folder / name
        if self.accept:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        assert path.exists(), f"no golden file {name}: read the outcome, then `make accept`\n{text}"
        assert text == path.read_bytes().decode(), f"{name} is not what was accepted; if it is right: `make accept`"


def golden_folder(test_file: Path) -> Path:
    """Where the golden files of a test module lie."""
    return test_file.parent / "golden" / test_file.stem


def orphans(tests: Path) -> list[Path]:
    """Golden files whose test module is gone or no longer asks for any."""
    found = []
    for path in sorted(tests.rglob("golden/*/**/*")):
        folder = path.parent
        while folder.parent.name != "golden":
            folder = folder.parent
        module = folder.parent.parent / f"{folder.name}.py"
        if path.is_file() and not (module.exists() and "golden" in module.read_text(encoding="utf-8")):
            found.append(path)
    return found
