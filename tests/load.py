"""Load for a running stack: more messages than it takes at once, and what became of each of them.

The messages are the real ones of `glueline run`, of baskets that nobody sent before: lines are sold, settled,
corrected and voided; messages come late, twice, or broken. The bench and the tests send them alike.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Final

from workflows.demo import baskets
from workflows.demo.accounting import account_for_messages
from workflows.operations.sending import send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflows.demo.accounting import Outcome
    from workflows.demo.baskets import Key, Message
    from workflows.stack.target import Target

_MESSAGES_OF_A_LINE: Final = 1.25  # at least, of a few hundred lines or more
_OVERTAKEN: Final = 20  # one of so many changes that have a newer one is sent behind all others
_BASKETS: Final = 10**11  # more than real numbers of baskets go


@dataclass(frozen=True, slots=True)
class Load:
    """Messages in the order they are sent, and those to be sent behind them: newer ones have gone before."""

    in_time: list[Message]
    overtaken: list[Message]

    @property
    def messages(self) -> list[Message]:
        """All of them."""
        return [*self.in_time, *self.overtaken]


@dataclass(slots=True)
class Sent:
    """What was sent since then, with SQS's ids and the times (seconds since the epoch) when it had been."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    messages: list[Message] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def load(number: int) -> Load:
    """So many messages, whose baskets have numbers of the moment: each call's are new to every stack."""
    shift = int(time.time()) % 10**7 * _BASKETS
    lines = baskets.basket_lines(round(number / _MESSAGES_OF_A_LINE))
    messages = baskets.messages_of([line | {"basket_id": line["basket_id"] + shift} for line in lines])[
        :number
    ]
    newest = _newest(messages)
    older = [message for message in messages if _has_newer(message, newest)]
    held = {message.event_id for message in older[::_OVERTAKEN]}
    return Load(
        [message for message in messages if message.event_id not in held],
        [message for message in messages if message.event_id in held],
    )


def send_steadily(target: Target, messages: Sequence[Message], sent: Sent, per_second: int) -> None:
    """Send at that pace, or as near to it as this machine comes, four times a second at most."""
    started, some_of_them = time.monotonic(), max(1, per_second // 4)
    for number, some in enumerate(batched(messages, some_of_them, strict=False)):
        time.sleep(max(0.0, started + number * some_of_them / per_second - time.monotonic()))
        send_at_once(target, some, sent)


def send_at_once(target: Target, messages: Sequence[Message], sent: Sent) -> None:
    """Send as fast as it goes."""
    sent.ids += send(target, [message.body for message in messages])
    sent.messages += messages
    sent.times += [time.time()] * len(messages)


def account(target: Target, sent: Sent) -> Outcome:
    """Find every message again, and compare the table with the model; nothing may be on its way."""
    return account_for_messages(target, sent.messages, sent.ids, sent.began)


def refused(messages: Sequence[Message]) -> dict[str, int]:
    """How many of the messages must be refused, by reason."""
    return dict(Counter(message.reason for message in messages if message.reason))


def outranked(messages: Sequence[Message]) -> int:
    """How many of the messages a newer one may outrank: of its key one was sent, sooner or later."""
    newest = _newest(messages)
    return sum(_has_newer(message, newest) for message in messages)


def _newest(messages: Sequence[Message]) -> dict[Key, datetime]:
    newest: dict[Key, datetime] = {}
    for change in (message.change for message in messages if message.change):
        newest[change.key] = max(change.version, newest.get(change.key, change.version))
    return newest


def _has_newer(message: Message, newest: dict[Key, datetime]) -> bool:
    return message.change is not None and message.change.version < newest[message.change.key]
