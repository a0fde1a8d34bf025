"""Messages of the intake queue become a batch, and are deleted when its manifest is written."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jobs.ingest.drain import IntakeQueue, drain
from jobs.intake import queue
from jobs.intake.batches import Batches
from tests.crashing import crash_at
from tests.jobs.builders import EVERY_TYPE, object_created

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CONTRACTS = {"things": EVERY_TYPE}


@pytest.fixture
def source(sqs: "SQSClient", queue_url: str) -> IntakeQueue:
    return IntakeQueue(sqs, queue_url, "wr")


def send(source: IntakeQueue, *bodies: str) -> None:
    for body in bodies:
        source.sqs.send_message(QueueUrl=source.url, MessageBody=body)


def test_messages_become_a_batch_named_after_the_run(source: IntakeQueue, batches: Batches) -> None:
    send(source, object_created("drops/things/a.csv"), "no event")

    manifest = drain(source, batches, CONTRACTS)

    assert manifest is not None
    assert manifest == batches.manifest("wr")
    assert [file.key for file in manifest.files] == ["drops/things/a.csv"]
    assert [refused.payload for refused in manifest.refused] == ["no event"]
    assert (batches.begun(), queue.receive_all(source.sqs, source.url)) == (["wr"], [])


def test_a_retry_of_a_run_makes_a_batch_of_its_own(source: IntakeQueue, batches: Batches) -> None:
    for name in "ab":
        send(source, object_created(f"drops/things/{name}.csv"))
        drain(source, batches, CONTRACTS)

    assert batches.begun() == ["wr", "wr-2"]


def test_messages_stay_in_the_queue_when_the_manifest_is_not_written(
    source: IntakeQueue, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "HIDDEN_SECONDS", 0)
    send(source, object_created("drops/things/a.csv"))

    with crash_at(Batches, "open"):
        drain(source, batches, CONTRACTS)

    assert len(queue.receive_all(source.sqs, source.url)) == 1


def test_what_does_not_fit_makes_the_next_batch(source: IntakeQueue, batches: Batches) -> None:
    small = replace(source, most_messages=3, most_bytes=100)
    send(source, *(object_created(f"drops/things/{name}.csv", size=60) for name in "abcd"))

    manifests = [drain(replace(small, run_id=f"r{number}"), batches, CONTRACTS) for number in range(5)]

    keys = [[file.key for file in manifest.files] for manifest in manifests if manifest]
    assert [len(some) for some in keys] == [1, 1, 1, 1]
    assert len({key for some in keys for key in some}) == 4
    assert queue.receive_all(source.sqs, source.url) == []


@pytest.mark.parametrize("bodies", [[], [object_created("drops/things/", size=0)]], ids=["none", "a folder"])
def test_without_anything_to_read_there_is_no_batch(
    source: IntakeQueue, batches: Batches, bodies: list[str]
) -> None:
    send(source, *bodies)

    assert drain(source, batches, CONTRACTS) is None
    assert batches.begun() == []
