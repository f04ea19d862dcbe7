"""The library that counts, kills and refuses file operations, compiled once; and a way to start the driver with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.control import make_files

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

Drive = Callable[..., dict[str, Any]]
"""Runs a plan's trials; what they came to."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no gcc to compile the library that counts file operations")
    target = tmp_path_factory.mktemp("library") / "intercept.so"
    flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(target), str(HERE / "intercept.c"), "-ldl"], check=True)
    return target


@pytest.fixture
def drive(library: Path, tmp_path: Path) -> Drive:
    def run(**plan: int) -> dict[str, Any]:
        command = [sys.executable, str(HERE / "driver.py"), str(tmp_path), json.dumps(plan)]
        variables = {**os.environ, **make_files(tmp_path), "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{plan}\n{done.stderr}"
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    return run
