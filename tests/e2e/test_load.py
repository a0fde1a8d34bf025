"""More messages at once than the pipeline takes: they wait, are worked off, and all are found again.

The mapping that wakes the source is switched off while the first half is sent, so that there is a backlog
however fast the machine is, and the other half comes while that is worked off. Those that newer ones have
overtaken come when the queue is empty: they are late beyond doubt.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.load import Sent, account, load, outranked, refused, send_at_once
from tests.process_use import EMULATOR, SPARK_JVM, ProcessUse, memory_limits, watched
from workflows.local.base.home import DEFAULT
from workflows.progress.waiting import Pending, count_pending, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.demo.accounting import Outcome
    from workflows.stack.target import Target

MESSAGES = 4_000
PATIENCE_SECONDS = 900

pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True, slots=True)
class Ran:
    """The load of this module, after all of it is merged."""

    sent: Sent
    half: int  # messages that were sent before any was received
    overtaken: int
    backlog: Pending  # then
    left: Pending  # at the end
    uses: dict[str, ProcessUse]
    outcome: Outcome


@contextmanager
def source_switched_off(target: Target) -> Iterator[None]:
    """Messages of the inbound queue are not processed."""
    functions, queue = target.client("lambda"), target.output("InboundQueueUrl").rpartition("/")[2]
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = (one["UUID"] for one in mappings if one["EventSourceArn"].endswith(f":{queue}"))
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)


def until_all_are_taken(target: Target) -> None:
    """Wait until the source has processed every message."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while waiting := count_pending(target, frozenset(), until_quiet=True)[0].inbound:
        assert time.monotonic() < deadline, f"{waiting} messages still wait"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def ran(target: Target) -> Ran:
    made, sent = load(MESSAGES), Sent()
    half = len(made.in_time) // 2
    looks: list[Pending] = []
    with watched(DEFAULT) as watch:
        with source_switched_off(target):
            send_at_once(target, made.in_time[:half], sent)
            backlog, _ = count_pending(target, frozenset(), until_quiet=True)
        send_at_once(target, made.in_time[half:], sent)
        until_all_are_taken(target)
        send_at_once(target, made.overtaken, sent)
        wait(target, [], looks.append)
    return Ran(sent, half, len(made.overtaken), backlog, looks[-1], watch.uses(), account(target, sent))


def test_a_backlog_is_processed(ran: Ran) -> None:
    assert ran.backlog.inbound >= ran.half
    assert ran.left.waiting == 0


def test_every_message_under_load_is_found_again_and_the_table_equals_the_model(ran: Ran) -> None:
    outcome, messages = ran.outcome, ran.sent.messages

    assert (outcome.lost, outcome.differing) == ([], [])
    assert outcome.rejected == refused(messages)
    assert ran.overtaken <= outcome.superseded <= outranked(messages)
    assert outcome.accepted + outcome.superseded + sum(outcome.rejected.values()) == len(messages) == MESSAGES


def test_no_process_exceeds_its_memory_limit_under_load(target: Target, ran: Ran) -> None:
    may = memory_limits(target)

    assert {EMULATOR, SPARK_JVM} < set(ran.uses) <= set(may)
    assert {kind: use.mib for kind, use in ran.uses.items() if use.mib > may[kind]} == {}
