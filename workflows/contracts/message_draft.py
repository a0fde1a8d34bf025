"""Drafts the contract of a dataset from a sample of its messages: the envelope, and where each column stands.

The contract takes the sample: each message is a change of a row, or about no row. What was guessed is in the
notes: which members say that a message is of the dataset, and what happened.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import yaml

from expectations.message_format import CLOUDEVENTS, DEBEZIUM, DMS, RAW
from expectations.odcs.message_servers import MESSAGES
from lambdas.source.capture import debezium, dms
from lambdas.source.capture.captured import Captured, Table
from lambdas.source.envelopes import Found, events_in
from lambdas.source.events import DeadLetter, ValidMessage
from lambdas.source.members import operation_of
from lambdas.source.messages import Reader
from lambdas.validation import Validators
from workflows.contracts.draft import Draft, draft_of_columns, read_draft
from workflows.contracts.samples.facts import DraftError, Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_CAPTURES: Final = {DEBEZIUM: debezium, DMS: dms}
_KINDS: Final = ("kind", "type", "event", "event_type", "eventType", "entity", "object", "message_type")
_OPERATIONS: Final = (
    "operation",
    "op",
    "action",
    "__op",
    "event",
    "event_type",
    "eventType",
    "type",
    "change",
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_DEPTH: Final = 8  # of objects whose members become columns


@dataclass(frozen=True, slots=True)
class _Sample:
    """The rows of a sample, the server that describes its messages, and what was guessed."""

    rows: tuple[dict[str, Any], ...]  # of upserts, nested members by their paths
    server: dict[str, Any]
    notes: tuple[str, ...] = ()
    has_positions: bool = False


def draft_from_messages(dataset: str, key: Sequence[str], sequence: str | None, file: Path) -> Draft:
    """A contract for `dataset` that takes the messages of a file, one in each line. Raises DraftError."""
    bodies = _bodies(file)
    messages = [found.event for found in _events(bodies) if isinstance(found.event, (dict, type(None)))]
    sample = _sample(dataset, [one for one in messages if one is not None], file.name)
    facts = Facts("", is_typed=True)
    for number, row in enumerate(sample.rows, 1):
        facts.add_members(row, number)
    if not facts.objects:
        raise DraftError(f"Expected messages with rows in {file.name}, got none; use a sample that has some.")
    drafted = draft_of_columns(dataset, key, sequence, facts.columns(), file.name)
    drafted = _with_messages(drafted, dataset, sample, sequence)
    _check(drafted, bodies, file.name)
    return drafted


def _bodies(file: Path) -> list[str]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DraftError(f"{file.name} can't be read: it is not UTF-8; save it as UTF-8.") from error
    return [text] if text.lstrip().startswith("[") else [line for line in text.split("\n") if line.strip()]


def _events(bodies: Iterable[str]) -> Iterator[Found]:
    for number, body in enumerate(bodies, 1):
        for found in events_in(body, None, lambda value, attributes: isinstance(value, dict)):
            if not isinstance(found, Found):
                raise DraftError(f"Message {number} can't be read: {found.violation.message}; correct it.")
            yield found


def _sample(dataset: str, messages: Sequence[dict[str, Any]], name: str) -> _Sample:
    for envelope, capture in _CAPTURES.items():
        if any(capture.table_of(message) for message in messages):
            return _captured(dataset, envelope, messages, name)
    if messages and all(message.get("specversion") is not None for message in messages):
        return _cloudevents(messages)
    return _raw(messages)


def _captured(dataset: str, envelope: str, messages: Sequence[dict[str, Any]], name: str) -> _Sample:
    capture = _CAPTURES[envelope]
    of_rows = [message for message in messages if not capture.skipped(message)]
    tables = {table for message in of_rows if (table := capture.table_of(message))}
    named = {table for table in tables if table.name == dataset} or tables
    if len(named) != 1:
        names = ", ".join(sorted(table.name for table in tables))
        raise DraftError(
            f"Expected messages of one table in {name}, got {names}; keep those of one, or name the dataset "
            "like its table."
        )
    (table,) = named
    changes = [capture.change_of(message) for message in of_rows if capture.table_of(message) == table]
    found = [change for change in changes if isinstance(change, Captured)]
    rows = tuple(change.row for change in found if change.op == "upsert")
    has_positions = bool(found) and all(change.position is not None for change in found)
    return _Sample(rows, _table_server(envelope, table), (), has_positions)


def _table_server(envelope: str, table: Table) -> dict[str, Any]:
    where = {"database": table.database, "schema": table.schema}
    server = {"server": MESSAGES, "type": "custom", "format": envelope}
    return server | {name: value for name, value in where.items() if value} | {"table": table.name}


def _cloudevents(messages: Sequence[dict[str, Any]]) -> _Sample:
    types = sorted({str(message.get("type")) for message in messages})
    when = f"type == {_literal(types[0])}" if len(types) == 1 else f"contains({_list(types)}, type)"
    deletes = [kind for kind in types if operation_of(re.split(r"[.:/]", kind)[-1]) == "delete"]
    rows = [message["data"] for message in messages if isinstance(message.get("data"), dict)]
    custom = {"when": when}
    notes = [f"messages of type {', '.join(types)} are of the dataset (when)."]
    if deletes:
        custom["operation"] = f"(contains({_list(deletes)}, type) && 'delete') || 'upsert'"
        notes.append(f"{', '.join(deletes)} deletes a row (operation).")
        rows = [message["data"] for message in messages if message.get("type") not in deletes]
    return _Sample(tuple(map(_flat, rows)), _server(CLOUDEVENTS, custom), tuple(notes))


def _raw(messages: Sequence[dict[str, Any]]) -> _Sample:
    rows, custom, notes = list(messages), dict[str, str](), list[str]()
    operation = _member(messages, _OPERATIONS, lambda values: all(map(operation_of, values)))
    if operation is not None:
        custom["operation"] = _path((operation,))
        notes.append(f"{operation} says what happened (operation).")
        rows = [message for message in messages if operation_of(message[operation]) == "upsert"]
    kind = _member(messages, _KINDS, lambda values: len(set(values)) == 1)
    if kind is not None and kind != operation:
        custom["when"] = f"{_path((kind,))} == {_literal(messages[0][kind])}"
        notes.append(f"messages whose {kind} is {messages[0][kind]!r} are of the dataset (when).")
    ignored = {operation, kind}
    flat = (_flat({name: value for name, value in row.items() if name not in ignored}) for row in rows)
    return _Sample(tuple(flat), _server(RAW, custom), tuple(notes))


def _member(messages: Sequence[dict[str, Any]], names: Iterable[str], fits: Any) -> str | None:
    """The first of the names that each message has as a text, if their values fit."""
    for name in names:
        values = [message.get(name) for message in messages]
        if values and all(isinstance(value, str) for value in values) and fits(values):
            return name
    return None


def _server(envelope: str, custom: Mapping[str, str]) -> dict[str, Any]:
    properties = [{"property": name, "value": value} for name, value in custom.items()]
    server: dict[str, Any] = {"server": MESSAGES, "type": "custom", "format": envelope}
    return server | ({"customProperties": properties} if properties else {})


def _flat(row: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The members of a row, those of objects in it by their paths."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        steps = (*above, name)
        if isinstance(value, dict) and value and len(steps) < _MOST_DEPTH:
            flat |= _flat(value, steps)
        else:
            flat[_path(steps)] = value
    return flat


def _path(steps: Iterable[str]) -> str:
    """The JMESPath expression of these names."""
    return ".".join(step if _IDENTIFIER.fullmatch(step) else _quoted(step) for step in steps)


def _quoted(step: str) -> str:
    return '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_literal, texts))}]"


def _with_messages(drafted: Draft, dataset: str, sample: _Sample, sequence: str | None) -> Draft:
    """The draft with the server of its messages, and a path for each column that has another name."""
    document = yaml.load(drafted.text, Loader=yaml.CSafeLoader)  # SAM changes what safe_load makes of maps
    (schema,) = document["schema"]
    server, notes = dict(sample.server), [*sample.notes, *drafted.notes]
    if (table := server.pop("table", dataset)) != dataset:
        schema["physicalName"] = table
    is_captured = server["format"] in _CAPTURES
    for prop in schema["properties"]:
        _take_path(prop, is_nested=not is_captured)
    if is_captured and sequence is None:  # the key alone is known of a row that was deleted
        schema.pop("customProperties", None)
        notes = [note for note in notes if "orders the changes of a key" not in note]
        if sample.has_positions:
            notes.append(_add_position(schema))
    if server["format"] == RAW and "when" not in str(server.get("customProperties")):
        key = next(prop for prop in schema["properties"] if prop.get("primaryKey"))
        path = key.get("transformLogic", key["name"])
        custom = {"property": "when", "value": f"{path} != `null`"}
        server["customProperties"] = [*server.get("customProperties", ()), custom]
        notes.append(
            f"messages with {path} are of the dataset (when); a queue or attributes may say it better."
        )
    document["servers"] = [server]
    text = yaml.safe_dump(_ordered(document), sort_keys=False, width=110, allow_unicode=True)
    return replace(drafted, text=text, contract=read_draft(dataset, text), notes=tuple(notes), renamed={})


def _take_path(prop: dict[str, Any], *, is_nested: bool) -> None:
    """The alias of a column, which is its path in the sample, as its path."""
    custom = prop.pop("customProperties", [])
    aliases = [alias for one in custom if one["property"] == "aliases" for alias in one["value"]]
    others = [one for one in custom if one["property"] != "aliases"]
    if aliases:
        prop["transformLogic"] = aliases[0] if is_nested else _path(aliases)
    if others:
        prop["customProperties"] = others


def _add_position(schema: dict[str, Any]) -> str:
    taken = {prop["name"] for prop in schema["properties"]}
    name = "position" if "position" not in taken else "log_position"
    schema["customProperties"] = [{"property": "sequenceColumn", "value": name}]
    schema["properties"].append(
        {
            "name": name,
            "description": "The place of the change in the log of the source; orders its changes.",
            "logicalType": "integer",
            "physicalType": "long",
            "required": True,
            "transformLogic": "__position",
        }
    )
    return f"{name}, the place in the log of the source, orders the changes of a key."


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its servers before its schema."""
    return {name: value for name, value in document.items() if name != "schema"} | {
        "schema": document["schema"]
    }


def _check(drafted: Draft, bodies: Sequence[str], name: str) -> None:
    contracts = {drafted.contract.dataset: drafted.contract}
    reader = Reader(contracts, Validators(contracts))
    outcomes = Counter[type]()
    for number, body in enumerate(bodies, 1):
        for found in reader.read(str(number), body):
            outcomes[type(found)] += 1
            if isinstance(found, DeadLetter):
                first = found.violations[0]
                raise DraftError(
                    f"Message {number} of {name} breaks the contract that was drafted from it: {first.path} "
                    f"{first.message}; correct the message, or use a sample without it."
                )
    if not outcomes[ValidMessage]:
        raise DraftError(f"Expected messages with rows in {name}, got none; use a sample that has some.")
