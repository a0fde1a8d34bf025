"""ODCS `servers` named `messages` -> how the messages of a dataset are written.

Fields of the standard come first: `format` of the server is the envelope, its `database` and `schema` and the
`physicalName` of the schema object are the source table, and `transformLogic` of a property is the path of
its value. What the standard has no field for are custom properties of the server. `transformLogic` of a
contract without such a server belongs to other tools, and is not read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from open_data_contract_standard.model import SchemaObject, SchemaProperty, Server

from expectations.contract import Column
from expectations.message_format import CLOUDEVENTS, DEBEZIUM, DMS, ENVELOPES, RAW, MessageFormat
from expectations.odcs.document import custom_properties
from expectations.problems import Findings

MESSAGES = "messages"  # the name of the server that describes the messages of the dataset
_PATHS = ("when", "operation", "time", "id")  # properties that are paths
_PROPERTIES = ("queue", "attributes", *_PATHS)
_OF = {  # envelope -> properties that it has no use for, as the envelope itself says it
    CLOUDEVENTS: ("time", "id"),
    DEBEZIUM: ("operation", "time", "id"),
    DMS: ("operation", "time", "id"),
}
_CONDITIONS = ("queue", "attributes", "when")


def read_messages(
    servers: Sequence[Server] | None,
    schema: SchemaObject,
    columns: Sequence[Column],
    sequence: str | None,
    findings: Findings,
) -> MessageFormat | None:
    """The format of the server named `messages`; None without one: Glueline's own CloudEvents."""
    found = [(index, server) for index, server in enumerate(servers or ()) if server.server == MESSAGES]
    if not found:
        return None
    index, server = found[0]
    where = f"servers[{index}]"
    if len(found) > 1:
        findings.add(f"servers[{found[1][0]}]", "messages", "one server of that name", "two", "leave one out")
    envelope = (server.format or "").strip().lower()
    if envelope not in ENVELOPES:
        expected = f"format: {', '.join(ENVELOPES)}"
        findings.add(f"{where}.format", "messages", expected, repr(server.format), "write one of them")
        return None
    read = _read_properties(server, envelope, where, findings)
    read = replace(read, paths=_read_paths(schema, columns, findings))
    if envelope in (DEBEZIUM, DMS):
        table = schema.physicalName or schema.name or ""
        read = replace(read, database=server.database, schema=server.schema_, table=table)
        _note_order(read, sequence, where, findings)
    return read


def _read_properties(server: Server, envelope: str, where: str, findings: Findings) -> MessageFormat:
    given = custom_properties(server.customProperties, _PROPERTIES, where, findings)
    for index, custom in enumerate(server.customProperties or ()):
        if custom.property not in _PROPERTIES:
            path = f"{where}.customProperties[{index}].property"
            findings.add(path, "unknown-field", ", ".join(_PROPERTIES), repr(custom.property), "correct it")
    for name in _OF.get(envelope, ()):
        if name in given:
            findings.add(
                given[name][1], "messages", f"none for {envelope}, which says it", name, "leave it out"
            )
    if envelope in (RAW, CLOUDEVENTS) and not any(name in given for name in _CONDITIONS):
        expected = f"which messages are of the dataset: {', '.join(_CONDITIONS)}"
        findings.add(where, "messages", expected, "none of them", "add one as custom property")
    texts: dict[str, Any] = {}
    for name in ("queue", *_PATHS):
        if name in given and (text := _text(*given[name], findings)):
            texts[name] = text
    for name in _PATHS:
        if name in texts:
            _check_path(texts[name], given[name][1], findings)
    attributes = _attributes(*given["attributes"], findings) if "attributes" in given else ()
    return replace(MessageFormat(envelope, attributes=attributes), **texts)


def _text(value: Any, where: str, findings: Findings) -> str | None:
    if isinstance(value, str) and value.strip():
        return value.strip()
    findings.add(where, "messages", "a text", repr(value), "write it in quotes")
    return None


def _attributes(value: Any, where: str, findings: Findings) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping) and value and all(isinstance(one, str) and one for one in value.values()):
        return tuple((str(name), text) for name, text in value.items())
    expected = "names of message attributes with their values, as texts"
    findings.add(where, "messages", expected, repr(value), "write {table: orders}")
    return ()


def _read_paths(
    schema: SchemaObject, columns: Sequence[Column], findings: Findings
) -> tuple[tuple[str, str], ...]:
    known = {column.name for column in columns}
    paths: list[tuple[str, str]] = []
    for index, prop in enumerate(schema.properties or ()):
        where = f"schema[0].properties[{index}]"
        _refuse_nested(prop, where, findings)
        logic = (prop.transformLogic or "").strip()
        if logic and prop.name in known:
            _check_path(logic, f"{where}.transformLogic", findings)
            paths.append((prop.name, logic))
    return tuple(paths)


def _refuse_nested(prop: SchemaProperty, where: str, findings: Findings) -> None:
    """Add a problem for each path of a field inside a column: a path gives a whole column."""
    inner = [(f"{where}.properties[{index}]", one) for index, one in enumerate(prop.properties or ())]
    inner += [(f"{where}.items", prop.items)] if prop.items else []
    for path, one in inner:
        if one.transformLogic:
            expected = "transformLogic of whole columns"
            advice = "give the column a path whose value has the fields, such as {city: address.town}"
            findings.add(f"{path}.transformLogic", "message-path", expected, "that of a field", advice)
        _refuse_nested(one, path, findings)


def _check_path(text: str, where: str, findings: Findings) -> None:
    from expectations.message_paths import BadPath, compile_path  # jmespath: not for contracts without paths

    try:
        compile_path(text)
    except BadPath as error:
        advice = "correct it; https://jmespath.org has the language"
        findings.add(where, "message-path", "a JMESPath expression", f"{text!r} ({error})", advice)


def _note_order(read: MessageFormat, sequence: str | None, where: str, findings: Findings) -> None:
    if sequence is None and read.envelope == DEBEZIUM:
        findings.note(
            where,
            "order",
            "without a sequenceColumn, changes are ordered by the clock of the source: a change that is made "
            "while a snapshot runs may lose against it; give a long column transformLogic: __position",
        )
