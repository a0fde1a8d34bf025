"""An event of a queue message, and what becomes of it: a change, a dead letter, or nothing. No AWS here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from expectations import timestamps
from expectations.align import Adjustment, Op
from lambdas.exact_json import dumps
from lambdas.source.cloudevents import text_of
from lambdas.validation import Violation

UNKNOWN_DATASET = "unknown-dataset"
NOT_TEXT = "not-text"
CONTRACT_VIOLATION = "contract-violation"
REJECTED_BY_API = "rejected-by-api"


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a message: the id of the message in SQS, and event id and dataset if the event has them.

    `body` is the body of the message as it was received; of an event of a batch, the text of the event, and
    `index` is its place in the batch. `data_path` leads from the body to the event's data, and `places` to
    the values of columns that stand elsewhere. `sent` is when the message was first sent, in milliseconds
    since the epoch, even if it was redriven since. `encoding` is how a dead letter has the body, empty for
    its text.
    """

    message_id: str
    body: str
    event_id: str = ""
    dataset: str = ""
    sent: int | None = None
    index: int | None = None
    data_path: str = "/data"
    encoding: str = ""
    places: Mapping[str, str] = field(default_factory=dict, compare=False, hash=False)


@dataclass(frozen=True, slots=True)
class ValidMessage:
    """An event that keeps its contract. `change` is its change as JSON, for a batch of the Data API."""

    message: Message
    change: str
    adjustments: Sequence[Adjustment]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected event: its reason, a short code, and all violations, with paths into the message."""

    message: Message
    reason: str
    violations: Sequence[Violation]

    def sent_at(self, sent: int | None) -> Self:
        """The dead letter of a message that was sent then, in milliseconds since the epoch."""
        return replace(self, message=replace(self.message, sent=sent))

    def summary(self) -> dict[str, Any]:
        """The dead letter for logs, without key and values of the row, which may be personal data."""
        return {
            "reason": self.reason,
            "message_id": self.message.message_id,
            "index": self.message.index,
            "event_id": self.message.event_id[:256],
            "dataset": self.message.dataset[:256],
            "violations": [violation.summary() for violation in self.violations[:20]],
        }


@dataclass(frozen=True, slots=True)
class SkippedMessage:
    """An event that is about no row, such as a heartbeat: what it is."""

    message: Message
    why: str


type Judged = ValidMessage | DeadLetter | SkippedMessage


def in_data(message: Message, violations: Sequence[Violation]) -> list[Violation]:
    """The violations of a row, with their paths into the message. They name columns that stand elsewhere."""
    return [_in_data(message, violation) for violation in violations]


def _in_data(message: Message, violation: Violation) -> Violation:
    column, slash, rest = violation.path.removeprefix("/").partition("/")
    place = message.places.get(column)
    if place is None:
        return violation._replace(path=message.data_path + violation.path)
    named = f"column {column}: {violation.message}" if not place.endswith(f"/{column}") else violation.message
    return violation._replace(path=place + slash + rest, message=named)


def change_text(message: Message, op: Op, happened: Any, data: Any) -> str:
    """The change of an event as JSON, for a batch of the Data API."""
    change = {
        "dataset": message.dataset,
        "op": op,
        "event_id": message.event_id,
        **_time(happened, message.sent),
        "data": data,
    }
    return dumps(change)


def _time(happened: Any, sent: int | None) -> dict[str, str]:
    """The member `time` of the change; empty if neither the event's time nor the time of sending is known."""
    given = timestamps.canonical(text_of(happened))
    times = [] if sent is None else [sent * 1000]
    times += [] if given is None else [timestamps.to_micros(given)]
    return {"time": timestamps.from_micros(min(times))} if times else {}
