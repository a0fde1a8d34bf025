"""Whose row a line is: whether it is of one of the keys to be erased, in whatever form it was written.

A key comes as columns of a drop (under any of their names, as JSON or text), as attributes of a DynamoDB item
(in stream records, exports and repairs), as the text `_key`, and in the data of a message. All of them end in
the one key text (`expectations.keys`), and that decides. What can't be read as any of these is searched for
the names of the key's columns with the key's values behind them.

Standard library only: it runs for every line of the RAW bucket, on Spark's executors, and for messages.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any, Self

from expectations.align import align
from expectations.contract import Column, Contract
from expectations.keys import InvalidKey, decode_key, encode_key
from jobs.rows import spellings

_IMAGES = ("Keys", "NewImage", "OldImage", "Item")
_TAGS = ("S", "N", "BOOL")  # the attribute types that a key column may come as
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(:00([.]0+)?)?Z?")


@dataclass(frozen=True, slots=True)
class ErasedKeys:
    """The keys of one dataset, by their texts. InvalidKey if one of them is no key of it."""

    contract: Contract  # of the key's columns alone
    texts: frozenset[str]
    names: Mapping[str, tuple[str, ...]] = field(hash=False, compare=False)  # column -> what it may be called

    @classmethod
    def of(cls, contract: Contract, texts: Iterable[str]) -> Self:
        """The keys with these texts."""
        bare = replace(contract, columns=contract.key_columns, partitions=(), rules=(), sequence_column=None)
        keys = frozenset(texts)
        for text in keys:
            decode_key(bare, text)
        return cls(bare, keys, {column.name: spellings(column) for column in bare.columns})

    @property
    def values(self) -> list[dict[str, Any]]:
        """The keys as the values of their columns; times and days as text."""
        return [decode_key(self.contract, text) for text in sorted(self.texts)]

    def own_line(self, line: bytes | str) -> bool:
        """Whether a line of JSON is of one of the keys; one that is no JSON, as far as it can be told."""
        text = line if isinstance(line, str) else line.decode(errors="surrogateescape")
        try:
            content = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            return self.own_text(text)
        return self.own_json(content)

    def own_json(self, content: Any) -> bool:
        """Whether a drop's row, a stream record, an item of an export or a repair is of one of the keys.

        A list is a row of a drop without names: it is, if all values of a key are in it.
        """
        if isinstance(content, list):
            return any(self._in_list(content, key) for key in self.values)
        return isinstance(content, dict) and (self.own_record(content) or self.own_row(content))

    def own_record(self, record: Mapping[str, Any]) -> bool:
        """Whether a record with images of items, or a line that names a key, is of one of the keys."""
        if record.get("op") == "retract" and record.get("key") in self.texts:
            return True
        inside = record.get("dynamodb")
        images = inside if isinstance(inside, dict) else record
        return any(self.own_item(images[name]) for name in _IMAGES if isinstance(images.get(name), dict))

    def own_item(self, item: Mapping[str, Any]) -> bool:
        """Whether an item, in DynamoDB's JSON, is of one of the keys: by `_key` or by its columns."""
        return _plain(item.get("_key")) in self.texts or self._own(
            {column.name: _plain(item.get(column.name)) for column in self.contract.columns}
        )

    def own_row(self, row: Mapping[str, Any], *, trimmed: bool = False) -> bool:
        """Whether a row by any names of its columns is of one of the keys; `trimmed`, as messages are."""
        return self._own({name: _first(row, names) for name, names in self.names.items()}, trimmed=trimmed)

    def own_message(self, body: str) -> bool:
        """Whether a CloudEvent is of one of the keys of this dataset."""
        try:
            event = json.loads(body, parse_float=Decimal)
        except (ValueError, RecursionError):
            return self.own_text(body)
        if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
            return self.own_text(body)
        dataset, data = str(event.get("type")).rpartition(".")[0], event["data"]
        return dataset in ("", self.contract.dataset) and self.own_row(data, trimmed=True)

    def own_text(self, text: str) -> bool:
        """Whether the text names the columns of one of the keys, each with the key's value behind it."""
        return any(all(pattern.search(text) for pattern in self._patterns(key)) for key in self.texts)

    def matches(self, values: Mapping[str, Any]) -> str | None:
        """The text of the key that the values of its columns make, if it is one of these."""
        try:
            text = encode_key(self.contract, values)
        except InvalidKey:
            return None
        return text if text in self.texts else None

    def _own(self, given: Mapping[str, Any], *, trimmed: bool = False) -> bool:
        if any(value is None for value in given.values()):
            return False
        return self.matches(_typed(self.contract, given, trimmed=trimmed)) is not None

    def _in_list(self, fields: Sequence[Any], key: Mapping[str, Any]) -> bool:
        return all(
            any(_typed(self.contract, {name: one}, trimmed=False).get(name) == value for one in fields)
            for name, value in key.items()
        )

    def _patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        named = tuple(
            (names, str(decode_key(self.contract, key)[name])) for name, names in self.names.items()
        )
        return _compile(named)


@cache
def _compile(named: tuple[tuple[tuple[str, ...], str], ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(
            rf"(?<!\w)({'|'.join(map(re.escape, names))})[\"']?\s*[:=]\s*"
            rf"(\{{\s*[\"'][A-Z]+[\"']\s*:\s*)?[\"']?{re.escape(value)}(?!\w)"
        )
        for names, value in named
    )


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _plain(attribute: Any) -> Any:
    """The value of an attribute in DynamoDB's JSON; None if it has none that a key could have."""
    return _first(attribute, _TAGS) if isinstance(attribute, dict) else None


def _typed(contract: Contract, given: Mapping[str, Any], *, trimmed: bool) -> dict[str, Any]:
    """The values as the key text takes them, read as the doors read them, or (`trimmed`) as messages are."""
    aligned, _ = align(contract, dict(given))
    return {
        column.name: _read(column, (aligned if trimmed or column.kind != "string" else given)[column.name])
        for column in contract.columns
        if column.name in given
    }


def _read(column: Column, value: Any) -> Any:
    match column.kind, value:
        case "string", int() | Decimal():
            return str(value).lower() if isinstance(value, bool) else str(value)
        case "boolean", str() if value.lower() in ("true", "false"):
            return value.lower() == "true"
        case "date", str() if found := _MIDNIGHT.fullmatch(value):
            return found[1]
    return value
