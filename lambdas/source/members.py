"""What the members of a message say by the paths of its contract: condition, operation, time and id."""

from collections.abc import Mapping
from typing import Any

from expectations import timestamps
from expectations.align import Op
from expectations.message_format import CLOUDEVENTS, MessageFormat
from expectations.message_paths import PathFailed, compile_path
from lambdas.source.capture.captured import Captured, Wrong, shown, text
from lambdas.source.cloudevents import data_of, envelope_violations, set_members
from lambdas.validation import Violation, pointer

_WORDS: Mapping[Op, tuple[str, ...]] = {
    "upsert": (
        *("upsert", "insert", "inserted", "i", "create", "created", "c", "update", "updated", "u"),
        *("modify", "modified", "replace", "replaced", "load", "read", "snapshot", "r"),
    ),
    "delete": ("delete", "deleted", "d", "remove", "removed"),
}
_OPS: dict[str, Op] = {word: op for op, words in _WORDS.items() for word in words}


class Members:
    """The members of the messages of one contract. Its paths are compiled once."""

    def __init__(self, described: MessageFormat) -> None:
        self._envelope = described.envelope
        self._paths = {
            name: compile_path(path)
            for name in ("when", "operation", "time", "id")
            if (path := getattr(described, name)) is not None
        }

    def keep_condition(self, message: Any) -> bool:
        """Whether the path `when`, if there is one, leads to true."""
        when = self._paths.get("when")
        try:
            return when is None or when.find(message) is True
        except PathFailed:
            return False

    def change_of(self, message: dict[str, Any]) -> Captured | Wrong:
        """The change of a message whose contract says what its members mean."""
        if self._envelope == CLOUDEVENTS:
            event = set_members(message)
            name, row, problems = data_of(event)
            found = [one for one in (*envelope_violations(event), *problems) if one.path != "/type"]
            path, given = f"/{name}", {"id": event.get("id"), "time": event.get("time")}
        else:
            row, found, path, given = message, [], "", {}
        values: dict[str, Any] = given
        for name in ("operation", "id", "time"):
            if name in self._paths:
                try:
                    values[name] = self._paths[name].find(message)
                except PathFailed as error:
                    found.append(Violation("", "path", f"{name}: {error}"))
        op = self._op(values, found)
        event_id, time = values.get("id"), values.get("time")
        if event_id is not None and (isinstance(event_id, bool) or not isinstance(event_id, (str, int))):
            found.append(
                Violation(self._place("id"), "id", f"expected a text or number, got {shown(event_id)}")
            )
        if time is not None and timestamps.parse(text(time)) is None:
            found.append(Violation(self._place("time"), "time", f"expected a timestamp, got {shown(time)}"))
        if found or row is None:
            return Wrong(tuple(found))
        return Captured(op, row, path, time=time, order="" if event_id is None else str(event_id))

    def _op(self, values: Mapping[str, Any], found: list[Violation]) -> Op:
        if "operation" not in self._paths or any(one.message.startswith("operation:") for one in found):
            return "upsert"
        word = values.get("operation")
        op = operation_of(word)
        if op is None:
            expected = "insert, update, delete, or another word for one of them"
            found.append(
                Violation(self._place("operation"), "operation", f"expected {expected}, got {shown(word)}")
            )
        return op or "upsert"

    def _place(self, name: str) -> str:
        path = self._paths.get(name)
        return pointer(*path.steps) if path and path.steps else ""


def operation_of(word: Any) -> Op | None:
    """The operation that a word names: insert, update, delete, or another one for them; None for others."""
    return _OPS.get(word.strip().lower()) if isinstance(word, str) else None
