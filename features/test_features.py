"""Every scenario of every feature beside this file, as a test."""

from __future__ import annotations

from pytest_bdd import scenarios

scenarios(".")
