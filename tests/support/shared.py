"""Material that lies beside the repository and is never copied into it: real data and published cases."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
"""The root of the repository."""


def shared_path(*parts: str) -> Path:
    """A file or folder of the shared material; skips the test that asks, saying so, where it is absent."""
    path = ROOT.parent.joinpath("shared", *parts)
    if not path.exists():
        pytest.skip(f"../shared/{'/'.join(parts)} is not beside this repository")
    return path
