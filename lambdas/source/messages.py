"""A queue message becomes a change for the Data API, or a dead letter with every reason why not. No AWS here.

Messages are CloudEvents 1.0 in structured JSON mode, type `<dataset>.upsert` or `<dataset>.delete`. A change
happened at the event's `time`, but not after the message was sent; without a `time`, when it was sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expectations import timestamps
from expectations.align import Adjustment, Op, align
from expectations.contract import Contract
from lambdas.exact_json import BrokenJson, dumps, loads
from lambdas.validation import Validators, Violation

BROKEN_JSON = "broken-json"
WRONG_ENVELOPE = "wrong-envelope"
UNKNOWN_DATASET = "unknown-dataset"
CONTRACT_VIOLATION = "contract-violation"
REJECTED_BY_API = "rejected-by-api"

_OPS: dict[str, Op] = {"upsert": "upsert", "delete": "delete"}


@dataclass(frozen=True, slots=True)
class Message:
    """What came: SQS's id of it, the body as it was sent, and what it says of itself if that can be read.

    `sent` is when it was sent first, in milliseconds since the epoch, however often it was redriven.
    """

    message_id: str
    body: str
    event_id: str = ""
    dataset: str = ""
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A message that keeps its contract; `text` is the JSON of the change for the Data API's batch."""

    message: Message
    text: str
    adjustments: Sequence[Adjustment]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that can never be taken: a short reason and all violations, paths as in the message."""

    message: Message
    reason: str
    violations: Sequence[Violation]

    def summary(self) -> dict[str, Any]:
        """For logs, without key and values of the row, which may be of a person."""
        return {
            "reason": self.reason,
            "message_id": self.message.message_id,
            "event_id": self.message.event_id[:256],
            "dataset": self.message.dataset[:256],
            "violations": [violation.summary() for violation in self.violations[:20]],
        }


@dataclass(frozen=True, slots=True)
class Reader:
    """The contracts and their validators: what it takes to read a message."""

    contracts: Mapping[str, Contract]
    validators: Validators

    def read(self, message_id: str, body: str, sent: int | None = None) -> Change | DeadLetter:
        """What the message is. Never raises, whatever the body: one message must not stop its batch."""
        try:
            event = loads(body)
        except BrokenJson as error:
            return DeadLetter(
                Message(message_id, body, sent=sent), BROKEN_JSON, [Violation("", "json", str(error))]
            )
        if not isinstance(event, dict):
            violation = Violation(
                "", "type", f"expected a CloudEvent as JSON object, got {type(event).__name__}"
            )
            return DeadLetter(Message(message_id, body, sent=sent), WRONG_ENVELOPE, [violation])
        dataset, op = _dataset_and_op(event.get("type"))
        message = Message(message_id, body, _text(event.get("id")), dataset, sent)
        violations = list(_envelope_violations(event, dataset, op))
        reason = WRONG_ENVELOPE if violations else CONTRACT_VIOLATION
        if dataset and dataset not in self.contracts:
            known = ", ".join(sorted(self.contracts))
            violations.append(Violation("/type", "dataset", f"expected one of {known}, got {dataset[:100]}"))
            return DeadLetter(message, UNKNOWN_DATASET if len(violations) == 1 else reason, violations)
        if op is None or not isinstance(event.get("data"), dict):
            return DeadLetter(message, reason, violations)
        data, adjustments = align(self.contracts[dataset], event["data"], op)
        violations += in_data(self.validators.violations(dataset, op, data))
        if violations:
            return DeadLetter(message, reason, violations)
        change = {
            "dataset": dataset,
            "op": op,
            "event_id": message.event_id,
            **_time(event, sent),
            "data": data,
        }
        return Change(message, dumps(change), adjustments)


def in_data(violations: Sequence[Violation]) -> list[Violation]:
    """The violations of a row with their paths in the message."""
    return [violation._replace(path="/data" + violation.path) for violation in violations]


def _time(event: Mapping[str, Any], sent: int | None) -> dict[str, str]:
    """The member of the change that says when it happened; none if nobody knows."""
    given = timestamps.canonical(_text(event.get("time")))
    times = [] if sent is None else [sent * 1000]
    times += [] if given is None else [timestamps.to_micros(given)]
    return {"time": timestamps.from_micros(min(times))} if times else {}


def _dataset_and_op(kind: Any) -> tuple[str, Op | None]:
    dataset, _, op = _text(kind).rpartition(".")
    return (dataset, _OPS[op]) if dataset and op in _OPS else ("", None)


def _envelope_violations(event: Mapping[str, Any], dataset: str, op: Op | None) -> Iterator[Violation]:
    """Whether it is a CloudEvent (specification 1.0.2, "Required attributes") with JSON data."""
    if event.get("specversion") != "1.0":
        yield _violation("specversion", '"1.0"', event)
    for name in ("id", "source"):
        if not _text(event.get(name)):
            yield _violation(name, "a text", event)
    if op is None or not dataset:
        yield _violation("type", "<dataset>.upsert or <dataset>.delete", event)
    if not isinstance(event.get("data"), dict):
        yield _violation("data", "an object", event)
    if "time" in event and timestamps.parse(_text(event["time"])) is None:
        yield _violation("time", "a timestamp", event)
    if "datacontenttype" in event and "json" not in _text(event["datacontenttype"]):
        yield _violation("datacontenttype", "application/json", event)


def _violation(name: str, expected: str, event: Mapping[str, Any]) -> Violation:
    got = _shown(event[name]) if name in event else "nothing"
    return Violation(f"/{name}", "envelope", f"expected {expected}, got {got}")


def _shown(value: Any) -> str:
    """A scalar as it is; what holds others (to any depth) by its type."""
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else dumps(value)[:100]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
