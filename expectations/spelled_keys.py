"""Every key text that a received row may mean, also a row that every door refuses.

The doors give a row one key text or refuse the row (`expectations.keys`). A refused row still holds its key
in the RAW bucket and in the quarantine, so an erasure has to find it there: a number for a text column
(`1.50`, `1.5`, `1.5E0`), or a text with the spaces around it. Standard library only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

from expectations.align import align, columns_by_spelling
from expectations.contract import Column, Contract
from expectations.keys import InvalidKey, encode_key

_MOST_PLACES = 400  # of a number that is written out: a double has up to 309 before the point


def spelled_keys(contract: Contract, row: Mapping[str, Any]) -> frozenset[str]:
    """The key texts that a row may mean; none if a column of the key has no value that could be one.

    `row` has JSON values, numbers with a fraction as Decimal, under any names that its columns may come by.
    Where the doors accept the row, the key text that they give it is among these.
    """
    given: dict[str, list[Any]] = {}
    for spelling, name in columns_by_spelling(contract.key_columns).items():
        if row.get(spelling) is not None:
            given.setdefault(name, []).append(row[spelling])
    parts = [
        {part for value in given.get(column.name, ()) for part in _parts(contract, column, value)}
        for column in contract.key_columns
    ]
    return frozenset(map(",".join, product(*parts)))


def _parts(contract: Contract, column: Column, value: Any) -> Iterator[str]:
    """The parts of key texts that one value may mean: as the doors read it, and as it is spelled."""
    alone = replace(contract, columns=(column,), key=(column.name,), partitions=(), sequence_column=None)
    aligned, _ = align(alone, {column.name: value})
    for candidate in (aligned[column.name], value, *_spellings(column, value)):
        try:
            yield encode_key(alone, {column.name: candidate})
        except InvalidKey:
            continue


def _spellings(column: Column, value: Any) -> Iterator[Any]:
    match column.kind, value:
        case "boolean", str():
            yield {"true": True, "false": False}.get(value.strip().lower())
        case "string", bool():
            yield str(value).lower()
        case "string", int() | Decimal():
            yield from _texts(Decimal(value))


def _texts(number: Decimal) -> Iterator[str]:
    """A number as it was written, plainly with and without zeros at its end, and as Java writes a double."""
    yield str(number)
    if not number.is_finite() or abs(number.adjusted()) > _MOST_PLACES:
        return
    plain = f"{number:f}"
    yield plain
    shortest = plain.rstrip("0").rstrip(".") if "." in plain else plain
    yield shortest
    yield _as_java(float(number))


def _as_java(number: float) -> str:
    """`31198570044.0` as `3.1198570044E10`: what a JSON number with a fraction became as text, once."""
    if not number or 1e-3 <= abs(number) < 1e7:
        return f"{Decimal(repr(number)):f}"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    leading, *others = map(str, digits)
    power = int(exponent) + len(others)
    return f"{'-' if sign else ''}{leading}.{''.join(others) or '0'}E{power}"
