"""Currencies: how many digits their minor unit has (ISO 4217)."""

from __future__ import annotations

_DIGITS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
MOST_DIGITS = 4
"""No currency has more digits behind the point."""


def unusual() -> dict[int, tuple[str, ...]]:
    """Currencies whose minor unit has other digits than 2, by their digits."""
    return {digits: tuple(one for one, own in _DIGITS.items() if own == digits) for digits in (0, 3, 4)}


def minor_digits(currency: str) -> int:
    """Digits behind the point of a currency's minor unit: 2 unless ISO 4217 says otherwise."""
    return _DIGITS.get(currency, 2)
