"""Judges messages that contracts describe: changes for the Data API, dead letters, or nothing. No AWS
here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expectations.align import align
from lambdas.source.capture.captured import Skipped, Wrong
from lambdas.source.envelopes import WRONG_ENVELOPE, Found
from lambdas.source.events import (
    CONTRACT_VIOLATION,
    UNKNOWN_DATASET,
    DeadLetter,
    Judged,
    Message,
    SkippedMessage,
    ValidMessage,
    change_text,
    in_data,
)
from lambdas.source.mapping import MappedChange, Mappings, MessageMapping, table_in
from lambdas.validation import Validators, Violation

_ADVICE = "let the conditions of their contracts (servers, messages) exclude each other"


@dataclass(frozen=True, slots=True)
class MappedMessages:
    """Judges the events of one message: its id, its queue, and when it was first sent."""

    mappings: Mappings
    validators: Validators
    message_id: str
    queue: str | None
    sent: int | None

    def claims(self, value: Any, attributes: Mapping[str, str] | None) -> bool:
        """Whether a contract describes a message like this."""
        return self.mappings.choose(value, self.queue, attributes) is not None

    def judge(self, found: Found) -> list[Judged] | None:
        """What becomes of an event; None if it is for the reader of Glueline's own CloudEvents.

        An event that changes the key of a row is two changes. It has one outcome: if one of them is rejected,
        none is written.
        """
        chosen = self.mappings.choose(found.event, self.queue, found.attributes)
        if chosen is None:
            is_described = self.mappings.all and isinstance(found.event, dict)
            is_event = is_described and found.event.get("specversion") is not None
            return [self._unknown(found)] if is_described and not is_event else None
        if isinstance(chosen, Skipped):
            return [SkippedMessage(self._message(found), chosen.why)]
        if len(chosen) > 1:
            names = ", ".join(one.contract.dataset for one in chosen)
            expected = f"expected a message of one dataset, got one of {names}: {_ADVICE}"
            return [self._rejected(found, UNKNOWN_DATASET, Violation("", "dataset", expected))]
        (mapping,) = chosen
        changes = mapping.read(found.event)
        if isinstance(changes, Wrong):
            return [
                self._rejected(found, WRONG_ENVELOPE, *changes.violations, dataset=mapping.contract.dataset)
            ]
        judged: list[Judged] = [self._judge(found, mapping, change) for change in changes]
        rejected = next((one for one in judged if isinstance(one, DeadLetter)), None)
        return judged if rejected is None else [rejected]

    def _unknown(self, found: Found) -> DeadLetter:
        described = "; ".join(one.describe() for one in self.mappings.all)
        expected = f"expected a CloudEvent, or a message that a contract describes ({described[:500]})"
        if table := table_in(found.event):
            got = f"a change of the table {table[:200]}"
            return self._rejected(found, UNKNOWN_DATASET, Violation("", "dataset", f"{expected}, got {got}"))
        got = ", ".join(str(name)[:40] for name in list(found.event)[:8]) or "no members"
        return self._rejected(
            found, WRONG_ENVELOPE, Violation("", "envelope", f"{expected}, got an object with {got}")
        )

    def _judge(
        self, found: Found, mapping: MessageMapping, change: MappedChange
    ) -> ValidMessage | DeadLetter:
        contract = mapping.contract
        message = self._message(
            found,
            event_id=change.event_id,
            dataset=contract.dataset,
            data_path=found.path + change.path,
            places={name: found.path + path for name, path in change.places.items()},
        )
        data, adjustments = align(contract, change.row, change.op)
        failures = [one._replace(path=found.path + one.path) for one in change.failures]
        failed = {one.path for one in failures}
        violations = in_data(message, self.validators.violations(contract.dataset, change.op, data))
        # Of a column whose path failed, that is what is wrong, and not that it has no value.
        violations = failures + [one for one in violations if one.path not in failed]
        if violations:
            return DeadLetter(message, CONTRACT_VIOLATION, violations)
        happened = found.time if change.time is None else change.time
        return ValidMessage(message, change_text(message, change.op, happened, data), adjustments)

    def _rejected(self, found: Found, reason: str, *violations: Violation, dataset: str = "") -> DeadLetter:
        placed = [one._replace(path=found.path + one.path) for one in violations]
        return DeadLetter(self._message(found, dataset=dataset), reason, placed)

    def _message(self, found: Found, **more: Any) -> Message:
        return Message(self.message_id, found.body, sent=self.sent, index=found.index, **more)
