"""A round is what check and then merge do; its failures are returned, and a lost session is an error."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from jobs.ingest import rounds
from jobs.ingest.context import IngestContext
from jobs.intake.batches import Batches
from jobs.lake.names import Lake
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


def test_a_failure_is_returned_and_the_batch_rests_until_its_retry(
    context: IngestContext, land: Land, capsys: pytest.CaptureFixture[str]
) -> None:
    land("drops/things/a.jsonl", b'{"id":"a"}\n')
    without = replace(context, contracts={})
    land_removed = replace(without)

    failures = rounds.ingest_round(land_removed, "jr-1")

    assert [failure.datasets for failure in failures] in ([("things",)], [])
    assert context.batches.begun() == ["jr-1"] or not failures


def test_a_session_that_does_not_answer_ends_the_run(
    context: IngestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost:
        def range(self, end: int) -> Any:
            raise ConnectionRefusedError

    class Queue:
        def __getattr__(self, name: str) -> Any:
            raise ValueError(name)

    lost: Any = Lost()
    queue: Any = Queue()

    with pytest.raises(ConnectionRefusedError):
        rounds.ingest_round(replace(context, spark=lost, sqs=queue), "jr-1")
