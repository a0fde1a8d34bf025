"""Reads the events of a queue message as changes for the Data API, or as dead letters with all reasons.

Messages are CloudEvents 1.0 in structured JSON mode, one or a batch, with the type `<dataset>.upsert` or
`<dataset>.delete`. A change happened at the event's `time`, but not after the message was sent; without a
`time`, at that of its envelope, or when it was sent. No AWS here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expectations import timestamps
from expectations.align import Adjustment, align
from expectations.contract import Contract
from lambdas.exact_json import dumps
from lambdas.source.cloudevents import data_of, dataset_and_op, envelope_violations, set_members, text_of
from lambdas.source.envelopes import WRONG_ENVELOPE, Found, events_in
from lambdas.validation import Validators, Violation

UNKNOWN_DATASET = "unknown-dataset"
CONTRACT_VIOLATION = "contract-violation"
REJECTED_BY_API = "rejected-by-api"


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a message: the id of the message in SQS, and event id and dataset if the event has them.

    `body` is the body of the message as it was received; of an event of a batch, the text of the event, and
    `index` is its place in the batch. `data_path` leads from the body to the event's data. `sent` is when the
    message was first sent, in milliseconds since the epoch, even if it was redriven since.
    """

    message_id: str
    body: str
    event_id: str = ""
    dataset: str = ""
    sent: int | None = None
    index: int | None = None
    data_path: str = "/data"


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
class Reader:
    """Reads messages by the contracts and their validators."""

    contracts: Mapping[str, Contract]
    validators: Validators

    def read(
        self,
        message_id: str,
        body: str,
        sent: int | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> list[ValidMessage | DeadLetter]:
        """Each event of the message as a change or a dead letter; an empty list for an empty batch.

        `attributes` are the message attributes. Never raises, as a message must not stop its batch.
        """
        return [
            self._judge(found, message_id, sent)
            if isinstance(found, Found)
            else DeadLetter(
                Message(message_id, found.body, sent=sent, index=found.index),
                found.reason,
                [found.violation],
            )
            for found in events_in(body, attributes)
        ]

    def _judge(self, found: Found, message_id: str, sent: int | None) -> ValidMessage | DeadLetter:
        if not isinstance(found.event, dict):
            expected = f"expected a CloudEvent as JSON object, got {type(found.event).__name__}"
            message = Message(message_id, found.body, sent=sent, index=found.index)
            return DeadLetter(message, WRONG_ENVELOPE, [Violation(found.path, "type", expected)])
        event = set_members(found.event)
        dataset, op = dataset_and_op(event.get("type"))
        name, row, problems = data_of(event)
        message = Message(
            message_id,
            found.body,
            text_of(event.get("id")),
            dataset,
            sent,
            found.index,
            f"{found.path}/{name}",
        )
        violations = [
            violation._replace(path=found.path + violation.path)
            for violation in (*envelope_violations(event), *problems)
        ]
        reason = WRONG_ENVELOPE if violations else CONTRACT_VIOLATION
        if dataset and dataset not in self.contracts:
            known = ", ".join(sorted(self.contracts))
            expected = f"expected one of {known}, got {dataset[:100]}"
            violations.append(Violation(f"{found.path}/type", "dataset", expected))
            return DeadLetter(message, UNKNOWN_DATASET if len(violations) == 1 else reason, violations)
        if op is None or row is None:
            return DeadLetter(message, reason, violations)
        data, adjustments = align(self.contracts[dataset], row, op)
        violations += in_data(message, self.validators.violations(dataset, op, data))
        if violations:
            return DeadLetter(message, reason, violations)
        change = {
            "dataset": dataset,
            "op": op,
            "event_id": message.event_id,
            **_time(event.get("time", found.time), sent),
            "data": data,
        }
        return ValidMessage(message, dumps(change), adjustments)


def in_data(message: Message, violations: Sequence[Violation]) -> list[Violation]:
    """The violations of a row, with their paths into the message."""
    return [violation._replace(path=message.data_path + violation.path) for violation in violations]


def _time(happened: Any, sent: int | None) -> dict[str, str]:
    """The member `time` of the change; empty if neither the event's time nor the time of sending is known."""
    given = timestamps.canonical(text_of(happened))
    times = [] if sent is None else [sent * 1000]
    times += [] if given is None else [timestamps.to_micros(given)]
    return {"time": timestamps.from_micros(min(times))} if times else {}
