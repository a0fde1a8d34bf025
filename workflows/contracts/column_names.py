"""Names of a file's columns -> names of a contract's columns, with the file's names as aliases."""

from __future__ import annotations

import re
import unicodedata
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from expectations.odcs.columns import NAME
from expectations.spellings import camel_case

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_CHARACTERS = 200  # a partition field has a suffix
_WORD = re.compile(r"[A-Z]{2,}s?(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+|[A-Z]")
_SPELLED_OUT = {
    "%": " percent ",
    "#": " number ",
    "&": " and ",
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "ł": "l",
}


class ColumnName(NamedTuple):
    """The name of a column, and the names by which files may call it."""

    name: str
    aliases: tuple[str, ...]


def column_names(headers: Sequence[str]) -> dict[str, ColumnName]:
    """Name in the file -> name in the contract, so that each spelling leads to one column.

    A name that is valid in a contract stays. Others become snake_case in ASCII; two that would be equal are
    numbered. A name that can't be an alias, such as `_id`, has to be changed in the file.
    """
    named: dict[str, ColumnName] = {}
    taken: dict[str, str] = {}  # spelling -> header
    for header in sorted(headers, key=lambda header: not is_valid(header)):
        position = headers.index(header) + 1
        base = header if is_valid(header) else snake_case(header) or f"column_{position}"
        others = {other for other in headers if other != header}
        for number in count(1):
            name = base if number == 1 else f"{base}_{number}"
            spelled = {name, camel_case(name)}
            if not spelled & others and all(taken.get(one, header) == header for one in spelled):
                break
        taken |= dict.fromkeys(spelled, header)
        named[header] = ColumnName(name, (header,) if header != name and can_be_alias(header) else ())
    return {header: named[header] for header in headers}


def snake_case(header: str) -> str:
    """`paymentId`, `Payment-ID` and `payment id` as `payment_id`; empty if no letter or digit is ASCII."""
    spelled = "".join(_SPELLED_OUT.get(character, character) for character in header)
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", spelled)
        if not unicodedata.combining(character)
    )
    name = "_".join(word.lower() for word in _WORD.findall(plain))[:_MOST_CHARACTERS].rstrip("_")
    return f"column_{name}" if name[:1].isdigit() else name


def is_valid(name: str) -> bool:
    """Whether a contract may have a column of this name."""
    return NAME.fullmatch(name) is not None and len(name) <= _MOST_CHARACTERS


def can_be_alias(header: str) -> bool:
    """Whether a contract may have this name as an alias."""
    return bool(header) and not header.startswith("_") and header == header.strip() and header.isprintable()
