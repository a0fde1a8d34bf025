"""A round is what check and then merge do; its failures are returned, and a lost session is an error."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from jobs.ingest import check_batch, rounds
from jobs.ingest.check_batches import check_queue
from jobs.ingest.context import IngestContext
from jobs.intake.batches import Batches
from jobs.lake.names import TOMBSTONES, Lake
from tests.jobs.builders import EVERY_TYPE
from tests.jobs.job_runs import Land

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from pyspark.sql import SparkSession


@pytest.fixture
def context(
    small_data_spark: "SparkSession", lake: Lake, batches: Batches, sqs: "SQSClient", queue_url: str
) -> IngestContext:
    contracts = {"things": EVERY_TYPE}
    return IngestContext(
        small_data_spark, lake, batches, contracts, sqs, queue_url, f"Glueline/{lake.database}"
    )


def broken(*_: object) -> Any:
    raise KeyError("a fault of the data")


def ids(context: IngestContext) -> list[str]:
    return sorted(row["id"] for row in context.spark.table(context.lake.table("things")).collect())


def published(context: IngestContext) -> set[str]:
    found = boto3.client("cloudwatch").list_metrics(Namespace=context.metrics_namespace)["Metrics"]
    return {metric["MetricName"] for metric in found}


def test_what_landed_is_queryable_after_one_round_and_the_rest_after_the_next(
    context: IngestContext, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "MOST_BYTES", 7)
    land("drops/things/a.jsonl", b'{"id":"a"}\n')
    land("drops/things/b.jsonl", b'{"id":"b"}\n')
    counts = []

    for number in (1, 2):
        assert rounds.ingest_round(context, f"jr-{number}") == []
        counts.append(context.spark.table(context.lake.table("things")).count())

    assert counts == [1, 2]
    assert context.batches.begun() == []
    assert published(context) >= {"IngestFailures", "RowsAccepted", "FreshnessSeconds", "BatchesSetAside"}


def test_a_failure_is_returned_and_the_batch_rests_while_others_go_on(
    context: IngestContext, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = replace(context, batches=replace(context.batches, retry_pause=timedelta(minutes=1)))
    land("drops/things/a.jsonl", b'{"id":"a"}\n')
    with monkeypatch.context() as patch:
        patch.setattr(check_batch, "check_dataset", broken)
        [failure] = rounds.ingest_round(resting, "jr-1")
    assert failure.datasets == ("things",)
    land("drops/things/b.jsonl", b'{"id":"b"}\n')

    assert rounds.ingest_round(resting, "jr-2") == []
    assert ids(context) == ["b"]
    assert context.batches.begun() == ["jr-1"]
    assert rounds.ingest_round(context, "jr-3") == []  # as after a minute
    assert ids(context) == ["a", "b"]


def test_a_merge_sees_the_tombstones_that_another_job_adds_while_its_round_checks(
    context: IngestContext, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Iceberg's catalog otherwise keeps a table as it was first read, here by the check."""
    land("drops/things/a.jsonl", b'{"id":"a"}\n')
    land("drops/things/b.jsonl", b'{"id":"b"}\n')
    other = context.spark.newSession()  # with catalogs of its own, as another process
    counts = []

    def check_while_another_job_writes(*arguments: Any) -> Any:
        checked = check_queue(*arguments)
        table = context.lake.ops(TOMBSTONES)
        greatest = f"'things', 'a', {2**62}, '', timestamp'2026-11-30 12:00:00'"
        counts.append(context.spark.table(table).count())
        other.sql(f"INSERT INTO {table} VALUES ({greatest})")
        counts.append(context.spark.table(table).count())
        return checked

    monkeypatch.setattr(rounds, "check_queue", check_while_another_job_writes)

    assert rounds.ingest_round(context, "jr-1") == []
    assert counts == [0, 0]  # the check's session keeps what it has read
    assert ids(context) == ["b"]


def test_a_session_that_does_not_answer_ends_the_run(
    context: IngestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost:
        def __getattr__(self, name: str) -> Any:
            raise ConnectionRefusedError

    class Queue:
        def __getattr__(self, name: str) -> Any:
            raise ValueError(name)

    lost: Any = Lost()
    queue: Any = Queue()

    with pytest.raises(ConnectionRefusedError):
        rounds.ingest_round(replace(context, spark=lost, sqs=queue), "jr-1")
