"""A queue that can't be read fails the run, and keeps no open batch from being checked."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from jobs.ingest.check_batches import check_queue
from jobs.ingest.drain import IntakeQueue
from jobs.ingest.failures import BatchFailure
from jobs.intake.batches import CHECKED, Batches
from jobs.intake.manifest import Manifest
from jobs.lake.names import Lake
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def unreadable() -> IntakeQueue:
    """A queue whose requests are throttled."""

    class Throttled:
        def __getattr__(self, name: str) -> Any:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, name)

    sqs: Any = Throttled()
    return IntakeQueue(sqs, "queue", "wr")


def test_open_batches_are_checked_although_the_queue_cannot_be_read(
    small_data_spark: "SparkSession", lake: Lake, batches: Batches, unreadable: IntakeQueue
) -> None:
    batches.open(Manifest("b1", SENT.isoformat()))

    checked = check_queue(small_data_spark, lake, batches, unreadable, {})

    [failure] = checked.failures
    assert isinstance(failure, BatchFailure)
    assert str(failure).startswith("intake: ClientError: ")
    assert CHECKED in batches.steps("b1")
    assert batches.failing() == []
