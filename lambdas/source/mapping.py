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

from expectations.align import Op, align
from expectations.contract import Contract
from expectations.message_format import CLOUDEVENTS, DEBEZIUM, DMS, MessageFormat
from expectations.message_paths import Path, PathFailed, compile_path
from expectations.spellings import columns_by_spelling
from lambdas.exact_json import dumps
from lambdas.source.capture import debezium, dms
from lambdas.source.capture.captured import Captured, Skipped, Wrong, wrong
from lambdas.source.members import Members
from lambdas.validation import Violation, pointer

_CAPTURES = {DEBEZIUM: debezium, DMS: dms}
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
        self._members = Members(described)
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
        return self._is_of_envelope(message) and self._members.keep_condition(self._content(message))

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
            captured = capture.change_of(message) if capture else self._members.change_of(message)
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

    def _content(self, message: Any) -> Any:
        return debezium.payload_of(message) if self.described.envelope == DEBEZIUM else message

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
