"""The catalogue of diagnostics."""

from __future__ import annotations

import re

from dsl.codes import CODES
from tests.support.repository import product_modules

CODE = re.compile(r'"([TW]\d{3})"')


def test_codes_are_in_order_and_each_has_its_own_title() -> None:
    assert list(CODES) == sorted(CODES)
    assert all(re.fullmatch(r"T[0-6]\d\d|T9\d\d|W7\d\d", code) for code in CODES)
    assert len(set(CODES.values())) == len(CODES)


def test_every_code_that_is_said_has_a_title() -> None:
    said = {code for module in product_modules() for code in CODE.findall(module.text)}
    assert "T001" in said
    assert said <= set(CODES)
