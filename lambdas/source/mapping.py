"""Reads messages of other systems as a contract says: whether one is of its dataset, and the changes in it.

Paths of columns read the row of a message: all of it (raw), its `data` (CloudEvents, DMS), or `after` or
`before` (Debezium). Beside the members of the row they find `__message` (the whole message; of Debezium
without its schema), `__time` and `__position` (of Debezium and DMS). A column without a path is read by its
name. What no column is read from is ignored.

The id of an event orders it among those of the same version and time: for Debezium and DMS it begins with the
place in the log, and ends with a hash of the row, so that different changes never have the same position.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from expectations import timestamps
from expectations.align import Op, align
from expectations.contract import Contract
from expectations.message_format import CLOUDEVENTS, DEBEZIUM, DMS, MessageFormat
from expectations.message_paths import Path, PathFailed, compile_path
from expectations.spellings import columns_by_spelling
from lambdas.exact_json import dumps
from lambdas.source.capture import debezium, dms
from lambdas.source.capture.captured import Captured, Skipped, Wrong, shown, text, wrong
from lambdas.source.cloudevents import data_of, envelope_violations, set_members
from lambdas.validation import Violation, pointer

_CAPTURES = {DEBEZIUM: debezium, DMS: dms}
_WORDS: Mapping[Op, tuple[str, ...]] = {
    "upsert": (
        *("upsert", "insert", "inserted", "i", "create", "created", "c", "update", "updated", "u"),
        *("modify", "modified", "replace", "replaced", "load", "read", "snapshot", "r"),
    ),
    "delete": ("delete", "deleted", "d", "remove", "removed"),
}
_OPS: dict[str, Op] = {word: op for op, words in _WORDS.items() for word in words}
_HASH_DIGITS = 16
# Attribute of a dead letter that is sent again: the dataset that its queue or attributes had named.
DATASET = "glueline_dataset"


@dataclass(frozen=True, slots=True)
class MappedChange:
    """One change of a row by the names of its columns. `places` are their JSON Pointers in the message.

    `path` is that of the row. `failures` are what could not be read.
    """

    op: Op
    row: dict[str, Any]
    event_id: str
    time: str | None
    path: str
    places: Mapping[str, str]
    failures: tuple[Violation, ...] = ()


class MessageMapping:
    """How the messages of one contract are read. Its paths are compiled once."""

    def __init__(self, contract: Contract, described: MessageFormat) -> None:
        self.contract, self.described = contract, described
        self._columns = {name: compile_path(path) for name, path in described.paths}
        self._members = {
            name: compile_path(path)
            for name in ("when", "operation", "time", "id")
            if (path := getattr(described, name)) is not None
        }
        self._names = {
            given: name
            for given, name in columns_by_spelling(contract.columns).items()
            if name not in self._columns
        }

    def claims(
        self,
        message: Any,
        queue: str | None = None,
        attributes: Mapping[str, str] | None = None,
        named: str | None = None,
    ) -> bool:
        """Whether the message is of the dataset. `named` is the dataset that it was found to be of before.

        Neither a queue nor attributes that are not known (None) decide against it.
        """
        given = self.described
        if named == self.contract.dataset:
            return self._is_of_envelope(message)
        if queue is not None and given.queue not in (None, queue):
            return False
        if attributes is not None and any(attributes.get(name) != value for name, value in given.attributes):
            return False
        return self._is_of_envelope(message) and self._keeps_condition(message)

    def describe(self) -> str:
        """What the messages of the dataset are, for those who send others."""
        given = self.described
        table = ".".join(filter(None, (given.database, given.schema, given.table)))
        conditions = (
            table and f"table {table}",
            given.queue and f"queue {given.queue}",
            *(f"{name}={value}" for name, value in given.attributes),
            given.when and f"when {given.when}",
        )
        return f"{self.contract.dataset}: {given.envelope}, {', '.join(filter(None, conditions))}"

    def skips(self, message: Any) -> Skipped | None:
        """What a message is that the tool of the envelope sends, but that is about no row; else None."""
        capture = _CAPTURES.get(self.described.envelope)
        return capture.skipped(message) if capture else None

    def read(self, message: Any) -> list[MappedChange] | Wrong:
        """The changes in a message that is of the dataset: one, or two if it changes the key of a row."""
        try:
            capture = _CAPTURES.get(self.described.envelope)
            captured = capture.change_of(message) if capture else self._from_members(message)
            return captured if isinstance(captured, Wrong) else self._changes(captured, message)
        except RecursionError:
            return wrong("", "depth", "values that are not nested so deep", message)

    def _is_of_envelope(self, message: Any) -> bool:
        given = self.described
        if capture := _CAPTURES.get(given.envelope):
            table = None if capture.skipped(message) else capture.table_of(message)
            return table is not None and table.is_named(given.database, given.schema, given.table)
        is_event = isinstance(message, dict) and message.get("specversion") is not None
        return is_event if given.envelope == CLOUDEVENTS else isinstance(message, dict) and not is_event

    def _keeps_condition(self, message: Any) -> bool:
        when = self._members.get("when")
        try:
            return when is None or when.find(self._content(message)) is True
        except PathFailed:
            return False

    def _content(self, message: Any) -> Any:
        return debezium.payload_of(message) if self.described.envelope == DEBEZIUM else message

    def _from_members(self, message: dict[str, Any]) -> Captured | Wrong:
        """The change of a message whose contract says what its members mean."""
        if self.described.envelope == CLOUDEVENTS:
            event = set_members(message)
            name, row, problems = data_of(event)
            found = [one for one in (*envelope_violations(event), *problems) if one.path != "/type"]
            path, given = f"/{name}", {"id": event.get("id"), "time": event.get("time")}
        else:
            row, found, path, given = message, [], "", {}
        values: dict[str, Any] = given
        for name in ("operation", "id", "time"):
            if name in self._members:
                try:
                    values[name] = self._members[name].find(message)
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
        if "operation" not in self._members or any(one.message.startswith("operation:") for one in found):
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
        path = self._members.get(name)
        return pointer(*path.steps) if path and path.steps else ""

    def _changes(self, captured: Captured, message: Any) -> list[MappedChange]:
        change = self._change(captured, captured.row, message)
        contract = self.contract
        if captured.before is None or captured.op == "delete":
            return [change]
        former = self._change(captured, captured.before, message)
        # Aligned, as the same key may be written in two ways.
        aligned = [align(contract, one.row, "delete")[0] for one in (former, change)]
        keys = [[row.get(name) for name in contract.key] for row in aligned]
        if None in keys[0] or keys[0] == keys[1]:
            return [change]
        row = {name: former.row[name] for name in contract.key}
        if contract.sequence_column in change.row and contract.sequence_column not in contract.key:
            row[contract.sequence_column] = change.row[contract.sequence_column]
        gone = MappedChange(
            "delete", row, change.event_id, change.time, change.path, change.places, former.failures
        )
        return [gone, change]

    def _change(self, captured: Captured, row: dict[str, Any], message: Any) -> MappedChange:
        document = {
            **row,
            "__message": self._content(message),
            "__time": captured.time,
            "__position": captured.position,
        }
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        failures: list[Violation] = []
        wanted = self.contract.key if captured.op == "delete" else [one.name for one in self.contract.columns]
        sequence = self.contract.sequence_column
        for name in dict.fromkeys((*wanted, *filter(None, [sequence]))):
            path = self._columns.get(name)
            if path is None:
                self._read_by_name(name, row, captured.path, values, places)
                continue
            places[name] = _pointer(path, captured.path)
            try:
                value = path.find(document)
            except PathFailed as error:
                failures.append(Violation(places[name], "path", f"column {name}: {error}"))
                continue
            if value is not None or _has(document, path.steps):
                values[name] = value
        digest = sha256(dumps(values).encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
        is_own_id = captured.order and self.described.envelope not in _CAPTURES
        event_id = captured.order if is_own_id else "/".join(filter(None, (captured.order, digest)))
        return MappedChange(
            captured.op, values, event_id, captured.time, captured.path, places, tuple(failures)
        )

    def _read_by_name(
        self,
        name: str,
        row: Mapping[str, Any],
        path: str,
        values: dict[str, Any],
        places: dict[str, str],
    ) -> None:
        given = name if name in row else next((one for one in row if self._names.get(one) == name), None)
        places[name] = path + pointer(given or name)
        if given is not None:
            values[name] = row[given]


@dataclass(frozen=True, slots=True)
class Mappings:
    """The mappings of all contracts that describe their messages."""

    all: tuple[MessageMapping, ...]

    @classmethod
    def of(cls, contracts: Mapping[str, Contract]) -> "Mappings":
        """The mappings of the contracts that describe their messages."""
        described = ((contract, contract.messages) for contract in contracts.values())
        return cls(tuple(MessageMapping(contract, given) for contract, given in described if given))

    def choose(
        self, message: Any, queue: str | None, attributes: Mapping[str, str] | None
    ) -> list[MessageMapping] | Skipped | None:
        """The mappings that claim the message, or what it is if it is about no row; None if it is neither."""
        named = (attributes or {}).get(DATASET)
        claiming = [one for one in self.all if one.claims(message, queue, attributes, named)]
        if claiming:
            return claiming
        return next((skipped for one in self.all if (skipped := one.skips(message))), None)


def table_in(message: Any) -> str:
    """The name of the table that a message of Debezium or DMS is about; empty for other messages."""
    tables = (capture.table_of(message) for capture in _CAPTURES.values())
    table = next((one for one in tables if one is not None), None)
    return "" if table is None else ".".join(filter(None, (table.database, table.schema, table.name)))


def operation_of(word: Any) -> Op | None:
    """The operation that a word names: insert, update, delete, or another one for them; None for others."""
    return _OPS.get(word.strip().lower()) if isinstance(word, str) else None


def _pointer(path: Path, row: str) -> str:
    """Where a path leads to in the message: for one that is computed, the row."""
    if not path.steps or path.steps[0] in ("__time", "__position"):
        return row
    first, *rest = path.steps
    return pointer(*rest) if first == "__message" else row + pointer(*path.steps)


def _has(document: Any, steps: tuple[str, ...] | None) -> bool:
    """Whether there is a value at the end of the steps, which may be null."""
    for step in steps or ("",):
        if not isinstance(document, dict) or step not in document:
            return False
        document = document[step]
    return True
