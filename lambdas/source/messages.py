"""Reads the events of a queue message as changes for the Data API, or as dead letters with all reasons.

Messages are CloudEvents 1.0 in structured JSON mode, one or a batch, with the type `<dataset>.upsert` or
`<dataset>.delete`, or what the contract of a dataset describes (`lambdas.source.mapping`). A change happened
at the event's `time`, but not after the message was sent; without a `time`, at that of its envelope, or when
it was sent. No AWS here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from expectations.align import align
from expectations.contract import Contract
from lambdas.source.cloudevents import data_of, dataset_and_op, envelope_violations, set_members, text_of
from lambdas.source.envelopes import WRONG_ENVELOPE, Found, events_in
from lambdas.source.events import (
    CONTRACT_VIOLATION,
    NOT_TEXT,
    UNKNOWN_DATASET,
    DeadLetter,
    Judged,
    Message,
    ValidMessage,
    change_text,
    in_data,
)
from lambdas.source.mapped_messages import MappedMessages
from lambdas.source.mapping import Mappings
from lambdas.validation import Validators, Violation


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads messages by the contracts and their validators."""

    contracts: Mapping[str, Contract]
    validators: Validators
    mappings: Mappings = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mappings", Mappings.of(self.contracts))

    def read(
        self,
        message_id: str,
        body: str,
        sent: int | None = None,
        attributes: Mapping[str, str] | None = None,
        queue: str | None = None,
    ) -> list[Judged]:
        """What becomes of each event of the message; an empty list for an empty batch.

        `attributes` are the message attributes and `queue` is the name of the queue; None for what is not
        known. Never raises, as a message must not stop its batch.
        """
        if not _is_text(body):
            expected = Violation("", "text", "expected text in UTF-8, got other bytes")
            return [DeadLetter(Message(message_id, body, sent=sent), NOT_TEXT, [expected])]
        mapped = MappedMessages(self.mappings, self.validators, message_id, queue, sent)
        judged: list[Judged] = []
        for found in events_in(body, attributes, mapped.claims if self.mappings.all else None):
            if isinstance(found, Found):
                judged += mapped.judge(found) or [self._judge(found, message_id, sent)]
            else:
                message = Message(message_id, found.body, sent=sent, index=found.index)
                judged.append(DeadLetter(message, found.reason, [found.violation]))
        return judged

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
        return ValidMessage(
            message, change_text(message, op, event.get("time", found.time), data), adjustments
        )


def _is_text(body: str) -> bool:
    """Whether the body is text, without surrogates, which stand for bytes that are no UTF-8."""
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return True
