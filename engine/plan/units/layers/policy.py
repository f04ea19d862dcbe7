"""The answers of a stock item's layer phrases, as far as they decide which units an event moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Order = Literal["oldest", "newest", "dearest"]
Overreturn = Literal["stop", "open-layer"]
Oversell = Literal["stop", "wait", "last-price"]
OPENED = {"oldest": "opened-first", "newest": "opened-last"}
"""What takes the rest of a named layer where the dearest leave first and `oldest` is the first in that order."""

BETWEEN_NAMES = "\x1f"
"""Stands between the values that specific units of one layer are found by, where several phrases name units."""


@dataclass(frozen=True, slots=True)
class Placing:
    """How units leave, come back and fall short.

    `order` is that of a plain leave; under `dearest` places are by price. `brings_back` says whether units can come
    back at all, and `back_from` from which buckets (None: from any), so that what left elsewhere need not be
    remembered. `overreturn` is the answer for more coming back than was sold, `oversell` for more leaving than is held.
    """

    order: Order = "oldest"
    brings_back: bool = False
    overreturn: Overreturn = "stop"
    oversell: Oversell = "stop"
    back_from: frozenset[str] | None = None
    transfers: bool = False
    """Whether units may go from one pool to another."""

    def remembers(self, bucket: str) -> bool:
        """Whether units that leave into a bucket may come back from it."""
        return self.brings_back and (self.back_from is None or bucket in self.back_from)
