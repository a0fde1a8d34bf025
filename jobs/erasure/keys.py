"""Whether a line contains a row of one of the erased keys, in whatever form it was written.

A key comes as columns of a drop (under any of their names, as JSON or text), as attributes of an item (in
stream records, exports and repairs), as the text `_key`, and in the data of a message. A value can be read in
several ways: as a door reads it today, or as it read it in an earlier version, which differ in what they trim
and in how they write a number as text (`expectations.spelled_keys`). A line is of a key if one of the ways
gives the key text (`expectations.keys`). A line that cannot be parsed is searched for the names of the key's
columns with the key's values after them.

Standard library only: it runs for every line of the RAW bucket, on Spark's executors, and for messages.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from math import prod
from typing import Any, Self

from expectations.contract import Contract
from expectations.entities import formats
from expectations.item_keys import item_key, key_text_of_item, whole_columns
from expectations.keys import InvalidKey, decode_key, encode_key
from expectations.spelled_keys import JsonNumber, readings
from expectations.spellings import spellings

_IMAGES = ("Keys", "NewImage", "OldImage", "Item")
_TAGS = ("S", "N", "BOOL")  # the attribute types that a key column may come as
# What follows the name of a column in a line that is no JSON: quoted (the end may be cut off), or bare.
_VALUE = r"""(?:\{\s*["'][A-Z]+["']\s*:\s*)?(?:"(?P<a>(?:[^"\\]|\\.)*)|'(?P<b>[^']*)|(?P<c>[^\s,;}\])]+))"""


class _Ambiguous(dict[str, Any]):
    """A JSON object that has a name twice, which no door takes. `members` has all values of each name."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.members: dict[str, list[Any]] = {}
        for name, value in pairs:
            self.members.setdefault(name, []).append(value)


@dataclass(frozen=True, slots=True)
class ErasedKeys:
    """Keys of one dataset, by their texts."""

    contract: Contract  # of the key's columns alone
    texts: frozenset[str]
    names: Mapping[str, tuple[str, ...]] = field(hash=False, compare=False)  # column -> its spellings
    # Each key as the values of its columns; times and dates as text.
    values: Sequence[Mapping[str, Any]] = field(hash=False, compare=False)

    @classmethod
    def of(cls, contract: Contract, texts: Iterable[str]) -> Self:
        """The keys with these texts. Raises InvalidKey if one of them is no key of the contract."""
        bare = replace(contract, columns=contract.key_columns, partitions=(), rules=(), sequence_column=None)
        keys = frozenset(texts)
        names = spellings(bare.columns)
        if not contract.table.is_own:  # attributes of its items, in lines that are no JSON
            whole = whole_columns(contract)
            names |= {column: (*names[column], attribute) for column, attribute, _ in whole}
        return cls(bare, keys, names, [decode_key(bare, text) for text in sorted(keys)])

    def own_line(self, line: bytes | str) -> bool:
        """Whether a line of JSON is of one of the keys. A line that is no JSON is searched as text."""
        text = line if isinstance(line, str) else line.decode(errors="surrogateescape")
        try:
            content = _read_json(text)
        except (ValueError, RecursionError):
            return self.own_text(text)
        return self.own_json(content)

    def own_json(self, content: Any) -> bool:
        """Whether a drop's row, a stream record, an item of an export or a repair is of one of the keys.

        A list is a row of a drop without names. It is of a key if it contains all values of the key.
        """
        if isinstance(content, list):
            return self.own_values({column.name: content for column in self.contract.columns})
        return isinstance(content, dict) and (self.own_record(content) or self.own_row(content))

    def own_record(self, record: Mapping[str, Any]) -> bool:
        """Whether a record with images of items, or a retract, is of one of the keys."""
        if record.get("op") == "retract" and record.get("key") in self.texts:
            return True
        inside = record.get("dynamodb")
        images = inside if isinstance(inside, dict) else record
        return any(self.own_item(images[name]) for name in _IMAGES if isinstance(images.get(name), dict))

    def own_item(self, item: Mapping[str, Any]) -> bool:
        """Whether an item, in DynamoDB's JSON, is of one of the keys: by `_key` or by its columns.

        Its columns are trimmed only if it has no `_key`: with another `_key`, it is the item of another key.
        """
        if not self.contract.table.is_own:
            return self._own_item_of_existing_table(item)
        key = _plain(item.get("_key"))
        if key in self.texts:
            return True
        given = {column.name: _plain(item.get(column.name)) for column in self.contract.columns}
        return self.own_values({name: [value] for name, value in given.items()}, trims=key is None)

    def _own_item_of_existing_table(self, item: Mapping[str, Any]) -> bool:
        try:
            is_mine = self.contract.table.claims(item)
            return is_mine and key_text_of_item(self.contract, item) in self.texts
        except (InvalidKey, AttributeError, TypeError):  # no key of this table
            return False

    def own_row(self, row: Mapping[str, Any]) -> bool:
        """Whether a row, by any spelling of its columns' names, is of one of the keys.

        If a column comes by several names, which doors refuse, each of its values counts.
        """
        if isinstance(row, _Ambiguous):
            given = {
                column: [value for name in names for value in row.members.get(name, ())]
                for column, names in self.names.items()
            }
        else:
            given = {
                column: [row[name] for name in names if name in row] for column, names in self.names.items()
            }
        return self.own_values(given)

    def own_message(self, body: str) -> bool:
        """Whether a message has an event of one of the keys of this dataset, in whatever form it came.

        What is no event with a row, or with a row in base64, is searched as text.
        """
        try:
            return any(self._own_event(event, body) for event in _events_in(_read_json(body)))
        except (ValueError, RecursionError):
            return self.own_text(body)

    def _own_event(self, event: Any, body: str) -> bool:
        if not isinstance(event, dict):
            return self.own_text(event if isinstance(event, str) else body)
        dataset = str(event.get("type")).strip().rpartition(".")[0]
        rows = [row for row in (event.get("data"), _decoded(event.get("data_base64"))) if row is not None]
        if not rows or not all(isinstance(row, dict) for row in rows):
            return any(self.own_text(text) for text in (body, *rows) if isinstance(text, str))
        return dataset in ("", self.contract.dataset) and any(map(self.own_row, rows))

    def own_text(self, text: str) -> bool:
        """Whether the text contains the names of the key's columns, each followed by a key's value."""
        if formats(self.contract.table.entity):
            return any(self._has_key_of_item(text, key) for key in self.texts)
        given = {name: list(_named_values(text, names)) for name, names in self.names.items()}
        return self.own_values(given) or any(
            all(pattern.search(text) for pattern in self._patterns(key)) for key in self.texts
        )

    def _has_key_of_item(self, text: str, key: str) -> bool:
        """Whether the text contains the attributes of a key of which columns are parts."""
        found = [value for one in item_key(self.contract, key).values() for value in one.values()]
        texts = [b64encode(value).decode() if isinstance(value, bytes) else str(value) for value in found]
        return all(any(form in text for form in (one, json.dumps(one)[1:-1])) for one in texts)

    def matches(self, values: Mapping[str, Any]) -> str | None:
        """The key text that the values of the key's columns give, if it is one of the keys; else None."""
        try:
            text = encode_key(self.contract, values)
        except InvalidKey:
            return None
        return text if text in self.texts else None

    def own_values(self, given: Mapping[str, Sequence[Any]], *, trims: bool = True) -> bool:
        """Whether one of the values given for each column, read in one of the ways, gives one of the keys."""
        read = [
            {value for one in given[column.name] for value in readings(column, one, trims=trims)}
            for column in self.contract.columns
        ]
        if not all(read):
            return False
        names = self.contract.key
        if prod(map(len, read)) > len(self.texts):
            return any(
                all(key[name] in values for name, values in zip(names, read, strict=True))
                for key in self.values
            )
        return any(self.matches(dict(zip(names, values, strict=True))) for values in product(*read))

    def _patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        named = tuple(
            (names, str(decode_key(self.contract, key)[name])) for name, names in self.names.items()
        )
        return _compile(named)


def _read_json(text: str) -> Any:
    """The content of a JSON text, with numbers as they are written."""
    return json.loads(text, parse_int=JsonNumber, parse_float=JsonNumber, object_pairs_hook=_members)


def _events_in(content: Any) -> Iterator[Any]:
    """The events in the content of a message: one, those of a batch, or in envelopes of SNS and EventBridge.

    The message of an envelope that is no JSON comes as its text.
    """
    if isinstance(content, list):
        for element in content:
            yield from _events_in(element)
        return
    inside: list[Any] = []
    if isinstance(content, dict):
        inside = [part for part in (content.get("Message"), content.get("detail")) if part is not None]
    for part in inside:
        yield from _events_in(_json_or_text(part) if isinstance(part, str) else part)
    if not inside or "data" in content or "data_base64" in content:
        yield content


def _decoded(data: Any) -> Any:
    """What is in base64, as JSON or as text; None if it is no base64."""
    try:
        return _json_or_text(b64decode(data).decode(errors="surrogateescape"))
    except (ValueError, TypeError):
        return None


def _json_or_text(text: str) -> Any:
    try:
        return _read_json(text)
    except ValueError:
        return text


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Ambiguous(pairs)


def _named_values(text: str, names: tuple[str, ...]) -> Iterator[str]:
    """What follows the names, without quotes and with escapes replaced."""
    for found in _after(names).finditer(text):
        quoted = found["a"] if found["b"] is None else found["b"]
        yield JsonNumber.or_text(found["c"]) if quoted is None else _without_escapes(quoted)


def _without_escapes(quoted: str) -> str:
    """The text between two quotes, of which the second may be missing."""
    try:
        text: str = json.loads(f'"{quoted}"', strict=False)
    except ValueError:
        return quoted
    return text


@cache
def _after(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})[\"']?\s*[:=]\s*{_VALUE}")


@cache
def _compile(named: tuple[tuple[tuple[str, ...], str], ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(
            rf"(?<!\w)({'|'.join(map(re.escape, names))})[\"']?\s*[:=]\s*"
            rf"(\{{\s*[\"'][A-Z]+[\"']\s*:\s*)?[\"']?{re.escape(value)}(?!\w)"
        )
        for names, value in named
    )


def _plain(attribute: Any) -> Any:
    """The value of an attribute in DynamoDB's JSON; None if no key column can have it."""
    if not isinstance(attribute, dict):
        return None
    return next((attribute[tag] for tag in _TAGS if attribute.get(tag) is not None), None)
