"""Reads a queue message as a change for the Data API, or as a dead letter with all reasons. No AWS here.

Messages are CloudEvents 1.0 in structured JSON mode, with the type `<dataset>.upsert` or `<dataset>.delete`.
A change happened at the event's `time`, but not after the message was sent; without a `time`, when it was
sent.
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
    """A message as it was received: its id in SQS, its body, and event id and dataset if the body has them.

    `sent` is when it was first sent, in milliseconds since the epoch, even if it was redriven since.
    """

    message_id: str
    body: str
    event_id: str = ""
    dataset: str = ""
    sent: int | None = None


@dataclass(frozen=True, slots=True)
class ValidMessage:
    """A message that keeps its contract. `change` is its change as JSON, for a batch of the Data API."""

    message: Message
    change: str
    adjustments: Sequence[Adjustment]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected message: its reason, a short code, and all violations, with paths into the message."""

    message: Message
    reason: str
    violations: Sequence[Violation]

    def summary(self) -> dict[str, Any]:
        """The dead letter for logs, without key and values of the row, which may be personal data."""
        return {
            "reason": self.reason,
            "message_id": self.message.message_id,
            "event_id": self.message.event_id[:256],
            "dataset": self.message.dataset[:256],
            "violations": [violation.summary() for violation in self.violations[:20]],
        }


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads messages by the contracts and their validators."""

    contracts: Mapping[str, Contract]
    validators: Validators

    def read(self, message_id: str, body: str, sent: int | None = None) -> ValidMessage | DeadLetter:
        """The message as a change or a dead letter. Never raises, as a message must not stop its batch."""
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
        return ValidMessage(message, dumps(change), adjustments)


def in_data(violations: Sequence[Violation]) -> list[Violation]:
    """The violations of a row, with their paths into the message."""
    return [violation._replace(path="/data" + violation.path) for violation in violations]


def _time(event: Mapping[str, Any], sent: int | None) -> dict[str, str]:
    """The member `time` of the change; empty if neither the event's time nor the time of sending is known."""
    given = timestamps.canonical(_text(event.get("time")))
    times = [] if sent is None else [sent * 1000]
    times += [] if given is None else [timestamps.to_micros(given)]
    return {"time": timestamps.from_micros(min(times))} if times else {}


def _dataset_and_op(kind: Any) -> tuple[str, Op | None]:
    dataset, _, op = _text(kind).rpartition(".")
    return (dataset, _OPS[op]) if dataset and op in _OPS else ("", None)


def _envelope_violations(event: Mapping[str, Any], dataset: str, op: Op | None) -> Iterator[Violation]:
    """What the event lacks of a CloudEvent (specification 1.0.2, "Required attributes") with JSON data."""
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
    """A scalar as JSON; only the type of an object or list, which may be nested to any depth."""
    return f"a {type(value).__name__}" if isinstance(value, (dict, list)) else dumps(value)[:100]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
