"""What the messages of a file would become: each event column by column, or with every violation.

The reader of the `source` function decides, by the contracts of the checkout. Nothing is sent and no stack is
needed. What only the Data API knows is not part of it: whether a newer version or an erasure stands. A file
has neither a queue nor message attributes, so that those conditions of a contract count as kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas.exact_json import loads
from lambdas.source.events import DeadLetter, ValidMessage
from lambdas.source.messages import Reader
from lambdas.validation import Validators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from expectations.contract import Contract


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it would be stored, and each change that alignment made to it: rule, and what came."""

    column: str
    value: Any
    changes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """An event of a message: its change with all values, the reason why it would be a dead letter, or what it
    is if it would be skipped.

    `number` is that of the message, from 1. `time` is empty if the change happens when it is sent.
    `violations` are pairs of a place in the message (JSON Pointer) and what was expected and found there.
    """

    number: int
    event_id: str
    dataset: str
    op: str = ""
    time: str = ""
    values: tuple[Value, ...] = ()
    reason: str = ""
    violations: tuple[tuple[str, str], ...] = ()
    skipped: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the event keeps its contract. One that is skipped is about no row."""
        return not self.reason


def previews(bodies: Iterable[str], contracts: Mapping[str, Contract]) -> Iterator[Preview]:
    """A preview of each event of the messages, in their order. A message may have several events."""
    reader = Reader(contracts, Validators(contracts))
    for number, body in enumerate(bodies, 1):
        for found in reader.read(str(number), body):
            if isinstance(found, ValidMessage):
                yield _accepted(number, found)
            elif isinstance(found, DeadLetter):
                yield _rejected(number, found)
            else:
                yield Preview(number, found.message.event_id, found.message.dataset, skipped=found.why)


def _accepted(number: int, found: ValidMessage) -> Preview:
    change: dict[str, Any] = loads(found.change)
    return Preview(
        number,
        found.message.event_id,
        found.message.dataset,
        change["op"],
        change.get("time", ""),
        tuple(Value(column, value, _changes(column, found)) for column, value in change["data"].items()),
    )


def _changes(column: str, found: ValidMessage) -> tuple[tuple[str, Any], ...]:
    """What alignment changed in a column, or inside of it."""
    adjusted = (one for one in found.adjustments if f"{one.path}/".startswith(f"/{column}/"))
    return tuple((one.rule, one.before) for one in adjusted)


def _rejected(number: int, found: DeadLetter) -> Preview:
    return Preview(
        number,
        found.message.event_id,
        found.message.dataset,
        reason=found.reason,
        violations=tuple((one.path or "/", one.message) for one in found.violations),
    )
