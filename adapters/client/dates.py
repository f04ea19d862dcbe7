"""The closed vocabulary of date formats: `YYYY-MM-DD`, `M/D/YY`, `DD.MM.YYYY hh:mm:ss`.

A format is declared, never guessed. Its words are YYYY, YY (20YY), MM, M (one or two digits), MON (Jan), DD, D, and for
a time of day that is read and dropped hh, mm, ss, fff; between them stand spaces and `- / . , : T`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"YYYY|YY|MON|MM|M|DD|D|hh|mm|ss|fff|[-/., :T]")
_PATTERNS = {
    "YYYY": "([0-9]{4})",
    "YY": "([0-9]{2})",
    "MON": "([A-Za-z]{3})",
    "MM": "([0-9]{2})",
    "M": "([0-9]{1,2})",
    "DD": "([0-9]{2})",
    "D": "([0-9]{1,2})",
    "hh": "[0-2][0-9]",
    "mm": "[0-5][0-9]",
    "ss": "[0-5][0-9]",
    "fff": "[0-9]{3}",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class DateFormat:
    """A declared date format: the words as written, a regular expression for a whole cell, and where its parts stand.

    `year`, `month` and `day` are numbers of groups in `pattern`; `short_year` and `named_month` say how two of them
    read.
    """

    text: str
    pattern: str
    year: int
    month: int
    day: int
    short_year: bool
    named_month: bool


def date_format(text: str) -> DateFormat:
    """The format that a text declares; ValueError, in words for people, where it is none."""
    words = _words(text)
    groups = [word for word in words if _PATTERNS.get(word, "").startswith("(")]
    places = {kind: [at for at, word in enumerate(groups, 1) if word[0] == kind] for kind in "YMD"}
    if any(len(found) != 1 for found in places.values()):
        raise ValueError(f"`{text}` must name year, month and day once each, as in YYYY-MM-DD")
    return DateFormat(
        text=text,
        pattern="".join(_PATTERNS.get(word, re.escape(word)) for word in words),
        year=places["Y"][0],
        month=places["M"][0],
        day=places["D"][0],
        short_year="YY" in words,
        named_month="MON" in words,
    )


def _words(text: str) -> list[str]:
    words = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise ValueError(
                f"`{text[at:]}` in `{text}` is no word of a date format: YYYY, YY, MM, M, MON, DD, D, hh, mm, ss, fff"
            )
        words.append(match.group())
        at = match.end()
    return words


def parse_date(text: str, declared: DateFormat) -> str | None:
    """The date that a text writes in a format, as YYYY-MM-DD, or None; whether the day exists is not looked at."""
    match = re.fullmatch(declared.pattern, text)
    if match is None:
        return None
    year, month, day = match[declared.year], match[declared.month].lower(), match[declared.day]
    if declared.named_month:
        if month not in MONTHS:
            return None
        month = str(MONTHS.index(month) + 1)
    return f"{'20' + year if declared.short_year else year}-{month:0>2}-{day:0>2}"
