"""The session of a job, as its Python tasks have it."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.runtime.session import REGION, spark_session


def made_clients(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The region of a client that a task makes."""
    import boto3

    for _ in batches:
        client = boto3.client("dynamodb")
        yield pa.RecordBatch.from_arrays([pa.array([client.meta.region_name])], names=["region"])


@pytest.mark.spark
def test_a_client_of_a_task_has_the_region_of_the_driver(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = spark.sparkContext.environment
    monkeypatch.setitem(
        environment, REGION, "us-east-1"
    )  # and the shared session has its own again afterwards
    monkeypatch.setenv(REGION, "eu-north-1")

    session = spark_session()
    seen = session.range(1).mapInArrow(made_clients, "region string").collect()

    assert session is spark
    assert [row.region for row in seen] == ["eu-north-1"]


@pytest.mark.spark
def test_without_a_region_nothing_is_passed(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(spark.sparkContext, "environment", {})
    monkeypatch.delenv(REGION, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.getbasetemp() / "none"))

    assert REGION not in spark_session().sparkContext.environment
