"""The entry script `reconcile`: certificates of what agrees, open comparisons of what does not."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest

from jobs import reconcile
from tests.jobs.builders import ENTITIES
from tests.jobs.parity.fixture import ParityFixture, entity

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def parity(small_data_spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> ParityFixture:
    monkeypatch.setattr("jobs.reconcile.load_contracts", lambda: {"entities": ENTITIES})
    return ParityFixture(small_data_spark, ENTITIES, "reconcile-script")


def test_a_dataset_that_agrees_is_certified_and_one_that_differs_stays_open(parity: ParityFixture) -> None:
    parity.put(entity(1, "kept"))
    parity.merge(entity(1, "kept"))
    reconcile.main(parity.arguments("reconcile"))
    (certificate,) = parity.objects.issued("entities", LONG_AGO)
    assert (certificate.ok, certificate.run_id, certificate.counts.rows) == (True, "jr_1", 1)

    parity.put(entity(2, "lost"))
    reconcile.main(parity.arguments("reconcile"))
    (compared,) = parity.objects.list_open("entities")
    assert compared.counts.mismatches == 1
    assert list(parity.objects.issued("entities", LONG_AGO)) == [certificate]

    metrics = boto3.client("cloudwatch").list_metrics(Namespace="Glueline/test")["Metrics"]
    names = {
        one["MetricName"] for one in metrics if {"Name": "Dataset", "Value": "entities"} in one["Dimensions"]
    }
    assert {"Drift", "Quarantined", "ParityAgeSeconds"} <= names
    assert {one["MetricName"] for one in metrics if not one["Dimensions"]} >= {"Drift", "ParityAgeSeconds"}
