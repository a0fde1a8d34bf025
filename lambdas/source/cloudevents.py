"""What the CloudEvents specification (1.0.2) and its JSON format say about the members of one event.

An attribute that is null is not set. Data is JSON: in `data`, or as base64 of UTF-8 in `data_base64`.
Extension attributes and members that are no concern of a change (`subject`, `dataschema`) are ignored.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from expectations import timestamps
from expectations.align import Op
from lambdas.exact_json import BrokenJson, dumps, loads
from lambdas.validation import Violation

_OPS: dict[str, Op] = {"upsert": "upsert", "delete": "delete"}
# JSON by its subtype or its suffix (RFC 6839), in any case and with any parameters (RFC 9110, 8.3.1).
_JSON = re.compile(r"\s*[^\s/;]+/(?:[^\s/;]+\+)?json\s*(?:;.*)?", re.ASCII | re.IGNORECASE | re.DOTALL)


def set_members(event: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an event that are set: many serializers write null for the others."""
    return {name: value for name, value in event.items() if value is not None}


def dataset_and_op(kind: Any) -> tuple[str, Op | None]:
    """The dataset and operation that a type names; empty if it does not have the form of one."""
    dataset, _, op = text_of(kind).rpartition(".")
    return (dataset, _OPS[op]) if dataset and op in _OPS else ("", None)


def data_of(event: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None, list[Violation]]:
    """The member that has the event's data, the data as an object, and what is wrong with it."""
    if "data_base64" not in event:
        data = event.get("data")
        return (
            ("data", data, [])
            if isinstance(data, dict)
            else ("data", None, [_wrong("data", "an object", event)])
        )
    name = "data_base64"
    if "data" in event:
        return name, None, [Violation("/data", "envelope", f"expected either data or {name}, got both")]
    try:
        data = loads(b64decode(event[name], validate=True).decode())
    except BrokenJson as error:
        return name, None, [Violation(f"/{name}", "json", str(error))]
    except (ValueError, TypeError):  # another alphabet, or bytes that are not UTF-8
        return name, None, [_wrong(name, "base64 of JSON in UTF-8", event)]
    if not isinstance(data, dict):
        expected = f"expected base64 of a JSON object, got that of {_shown(data)}"
        return name, None, [Violation(f"/{name}", "envelope", expected)]
    return name, data, []


def envelope_violations(event: Mapping[str, Any]) -> Iterator[Violation]:
    """What the set members lack of a CloudEvent with JSON data, its data aside ("Context Attributes")."""
    if event.get("specversion") != "1.0":
        yield _wrong("specversion", '"1.0"', event)
    for name in ("id", "source"):
        if not text_of(event.get(name)):
            yield _wrong(name, "a text", event)
    if dataset_and_op(event.get("type")) == ("", None):
        yield _wrong("type", "<dataset>.upsert or <dataset>.delete", event)
    if "time" in event and timestamps.parse(text_of(event["time"])) is None:
        yield _wrong("time", "a timestamp", event)
    if "datacontenttype" in event and not _JSON.fullmatch(text_of(event["datacontenttype"])):
        yield _wrong("datacontenttype", "application/json or a type that ends in +json", event)


def text_of(value: Any) -> str:
    """The value if it is text, else an empty text."""
    return value if isinstance(value, str) else ""


def _wrong(name: str, expected: str, event: Mapping[str, Any]) -> Violation:
    got = _shown(event[name]) if name in event else "nothing"
    return Violation(f"/{name}", "envelope", f"expected {expected}, got {got}")


def _shown(value: Any) -> str:
    """A scalar as JSON; only the type of an object or list, which may be nested to any depth."""
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else dumps(value)[:100]
