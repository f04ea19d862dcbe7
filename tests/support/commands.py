"""How a command of `tieout` ended, for tests that run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: `out` is standard output, `err` standard error."""

    code: int
    out: str
    err: str

    @property
    def values(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Tieout = Callable[..., Outcome]
"""Runs one command, word by word."""
