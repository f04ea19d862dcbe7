"""Running `tieout` as a user does, and the folder of a small client to run it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.cli.main import main
from tests.support.commands import Outcome, Tieout
from tests.support.shop_client import make_shop


@pytest.fixture
def tieout(capsys: pytest.CaptureFixture[str]) -> Tieout:
    """Runs one command in this process, in the folder the test stands in; no bug and no traceback is ever shown."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = main(list(arguments))
        captured = capsys.readouterr()
        told = captured.out + captured.err
        assert code in (0, 1), told[-2000:]
        assert "Traceback" not in told
        assert "bug in tieout" not in told
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small client without files, which the test stands in."""
    folder = make_shop(tmp_path / "shop", {})
    monkeypatch.chdir(folder)
    return folder
