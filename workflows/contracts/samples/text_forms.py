"""The forms that a text has: what a column of a type accepts, without losing a character that matters."""

import re
from enum import Flag, auto
from typing import Final

from expectations import timestamps

# What people and tools write where there is no value, besides texts without a letter or digit (`-`, `***`).
MISSING: Final = frozenset(
    ("NA", "N/A", "#N/A", "<NA>", "N.A.", "NULL", "(NULL)", "NONE", "NAN", "NIL", "\\N")
)
# `007` and `+49` are not numbers: as numbers they are other texts. Nor is `12E4`, which may be a code; a
# number with an exponent has a point or a signed exponent. The door takes numbers of up to 60 digits.
_NUMBER = re.compile(
    r"-?(?:(?:0|[1-9][0-9]{0,59})(?:[.][0-9]{1,60})?|[.][0-9]{1,60})"
    r"|-?[0-9][.][0-9]{1,60}[eE][+-]?[0-9]{1,3}|-?[1-9][eE][+-][0-9]{1,3}"
)
_DATE_LENGTH = len("2026-01-31")
_HAS_ZONE = re.compile(rf".*[Tt ].*(?:[Zz]|{timestamps.OFFSET})", re.ASCII)
# Forms that people read as a value of another type -> what a column of that type accepts.
_LOOKALIKES: Final = {
    re.compile(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}(?:[ T].*)?"): "dates and times like 2026-01-31",
    re.compile(r"-?[0-9]{1,3}(?:[., ][0-9]{3})*,[0-9]+"): "numbers with a decimal point, like 1234.50",
    re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?"): "numbers without separators, like 1234.50",
    re.compile(r"[$€£¥] ?-?[0-9.,]+|-?[0-9.,]+ ?[$€£¥%]"): "numbers without a sign of unit, like 1234.50",
}


class Form(Flag):
    """Kinds of values that a text can be."""

    BOOLEAN = auto()
    NUMBER = auto()
    DATE = auto()
    TIME = auto()


NO_FORM: Final = Form(0)
ANY_FORM: Final = Form.BOOLEAN | Form.NUMBER | Form.DATE | Form.TIME


def forms_of(text: str) -> Form:
    """The forms of a trimmed text that is not empty.

    A date is also a time, its midnight. Eight digits may be a date, among others that are no numbers.
    """
    if text.lower() in ("true", "false"):
        return Form.BOOLEAN
    if _NUMBER.fullmatch(text):
        return Form.NUMBER | Form.DATE | Form.TIME if _is_basic_date(text) else Form.NUMBER
    if timestamps.is_date(text):
        return Form.DATE | Form.TIME
    is_written_as_time = len(text) > _DATE_LENGTH and (text[4] == "-" or text[8] in "Tt")
    return Form.TIME if is_written_as_time and timestamps.parse(text) is not None else NO_FORM


def _is_basic_date(text: str) -> bool:
    return len(text) == _DATE_LENGTH - 2 and text.isdecimal() and timestamps.parse(text) is not None


def is_missing(text: str) -> bool:
    """Whether the trimmed text says that there is no value."""
    return text.upper() in MISSING or not any(map(str.isalnum, text))


def has_zone(time: str) -> bool:
    """Whether a time names its offset from UTC."""
    return _HAS_ZONE.fullmatch(time) is not None


def accepted_instead(text: str) -> str | None:
    """What a column of the type accepts that people read in this text; None for an ordinary text."""
    return next((accepted for form, accepted in _LOOKALIKES.items() if form.fullmatch(text)), None)
