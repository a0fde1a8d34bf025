"""The macros of `macros.sql`. Each is made when a statement calls it: to make them all takes 0.1 s."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALL: Final = re.compile(r"\bathena_\w+", re.IGNORECASE)
_DEFINED: Final = re.compile(r"CREATE MACRO (athena_\w+)\(")


@cache
def definitions() -> dict[str, str]:
    """The statement that makes each macro, by its name."""
    lines = files(__package__).joinpath("macros.sql").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    found = {}
    for statement in text.split(";\n"):
        if name := _DEFINED.search(statement):
            found[name[1]] = statement.strip()
    return found


def public_names() -> frozenset[str]:
    """The functions of Athena that a macro answers: `athena__` begins the names of the others."""
    return frozenset(
        name.removeprefix("athena_") for name in definitions() if not name.startswith("athena__")
    )


def needed(text: str, made: set[str]) -> Iterator[str]:
    """The statements for the macros that a text calls and that are not made yet, in the order to run them."""
    for name in dict.fromkeys(call.lower() for call in _CALL.findall(text)):
        if name in definitions() and name not in made:
            made.add(name)
            statement = definitions()[name]
            yield from needed(statement.removeprefix(f"CREATE MACRO {name}"), made)
            yield statement
