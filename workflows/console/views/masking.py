"""Hides the values of restricted columns, in rows, in payloads as they came, and in reasons.

A column is restricted if its contract classifies it so, or a field inside of it. A value is found by every
name under which it may be sent. A text in which values can't be found is hidden as a whole.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from expectations.spellings import columns_by_spelling
from workflows.analysts.datasets import is_restricted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from expectations.contract import Column, Contract

HIDDEN: Final = "•••"
HIDDEN_TEXT: Final = "••• hidden, as it may have values of restricted columns"
_GOT: Final = re.compile(r"\bgot\b|'|\b-?\d")


def restricted_columns(contract: Contract) -> frozenset[str]:
    """The names of the columns whose values are hidden."""
    return frozenset(column.name for column in contract.columns if is_restricted(column))


def restricted_names(contracts: Iterable[Contract]) -> frozenset[str]:
    """Every name under which a value of a restricted column or field may be sent."""
    return frozenset(name for contract in contracts for name in _names(contract.columns))


def _names(columns: Iterable[Column]) -> Iterable[str]:
    columns = tuple(columns)
    hidden = {column.name for column in columns if is_restricted(column)}
    yield from (name for name, owner in columns_by_spelling(columns).items() if owner in hidden)
    for column in columns:
        yield from _names(column.fields)


def mask_payload(payload: str | None, names: Collection[str]) -> str | None:
    """The payload with the values under these names hidden, wherever they are in its JSON."""
    if payload is None or not names:
        return payload
    try:
        content = json.loads(payload, parse_float=_Digits, parse_int=_Digits)
    except (ValueError, RecursionError):
        return HIDDEN_TEXT
    if not isinstance(content, (dict, list)):
        return HIDDEN_TEXT
    return _dumps(_masked(content, {_plain(name) for name in names}))


def mask_reason(reason: str, names: Collection[str]) -> str:
    """The reason without the value that it shows, if it is about one of these columns."""
    words = {_plain(word) for word in re.split(r"[^\w]+", reason.partition(", got")[0])}
    if words.isdisjoint({_plain(name) for name in names}):
        return reason
    found = _GOT.search(reason)
    return f"{reason[: found.start()]}{HIDDEN}" if found else reason


class _Digits(str):
    """A number with the digits that it came with."""

    __slots__ = ()


def _masked(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: HIDDEN if _plain(name) in names and inner is not None else _masked(inner, names)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, names) for inner in value]
    if isinstance(value, str) and not isinstance(value, _Digits) and value.lstrip()[:1] in ("{", "["):
        return mask_payload(value, names)  # JSON in a text
    return value


def _plain(name: str) -> str:
    """A name as the doors that are generous about headers compare it."""
    return name.strip().lower().replace("_", "").replace(" ", "").replace("-", "")


def _dumps(value: Any) -> str:
    """JSON in which numbers keep their digits."""
    if isinstance(value, dict):
        inner = (f"{json.dumps(name, ensure_ascii=False)}: {_dumps(one)}" for name, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dumps, value)) + "]"
    return str(value) if isinstance(value, _Digits) else json.dumps(value, ensure_ascii=False)
