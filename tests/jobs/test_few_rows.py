"""A batch of few rows costs few queries, jobs and requests. Counts decide: seconds depend on the machine."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from expectations.odcs import load_contract, load_contracts
from jobs.lake.names import Lake
from tests.bench.datasets import IDLE, write_contracts
from tests.faults.proxy import proxied
from tests.job_costs import metered
from tests.jobs.lineage.published import check_event
from tests.sessions import set_glue_catalog
from tests.small_batches import SmallBatches

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("few rows")]  # whose lake is made once
FOREVER = {".cache.expiration-interval-ms": "-1", ".io.manifest.cache.expiration-interval-ms": "3600000"}


@pytest.fixture(scope="module")
def small_batches(aws: str, spark: "SparkSession") -> Iterator[SmallBatches]:
    """Batches in a catalog as the template has it, with counted requests; each test has its own tables."""
    with (
        proxied(aws) as proxy,
        metered(spark, proxy) as meter,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AWS_ENDPOINT_URL", proxy.url)
        patch.setitem(spark.sparkContext.environment, "AWS_ENDPOINT_URL", proxy.url)
        set_glue_catalog(spark, "few", proxy.url, "lake", FOREVER)
        yield SmallBatches(meter, boto3.client("s3"), Lake("few", "few_ops", "few"))
        for bucket_name in ("raw", "lake"):
            bucket = boto3.resource("s3").Bucket(bucket_name)
            bucket.objects.delete()
            bucket.delete()


def test_a_batch_of_few_rows_makes_few_jobs_and_requests(small_batches: SmallBatches) -> None:
    contracts = [load_contracts()["transactions"]]
    small_batches.batch(contracts, 3)

    costs = small_batches.batch(contracts, 3)

    # check: cut the plan, count, bounds of versions, and appends to changes, batches and quality results.
    # merge: keep the changes in memory, summarise, MERGE. The first of each has no job of its own.
    counted = ("queries", "jobs", "classes_compiled")
    assert {step: tuple(cost[name] for name in counted) for step, cost in costs.items()} == {
        "check": (7, 5, 0),
        "merge": (4, 2, 0),
    }
    # One of them is the object of lineage.
    assert costs["check"]["s3_requests"] <= 30
    assert costs["check"]["glue_requests"] <= 13
    assert costs["merge"]["s3_requests"] <= 23
    assert costs["merge"]["glue_requests"] <= 4
    assert costs["check"]["jvm_calls"] <= 1_200
    assert costs["merge"]["jvm_calls"] <= 600


def test_each_further_dataset_costs_few_calls(small_batches: SmallBatches) -> None:
    transactions = load_contracts()["transactions"]
    known = [replace(transactions, dataset=f"lines_{number}") for number in range(2)]
    changed = [replace(contract, source="changed.yaml") for contract in known]
    small_batches.batch(known, 3)  # makes the tables and the expressions

    one, two, new = (small_batches.batch(some, 3) for some in (known[:1], known, changed))

    further = {step: two[step]["jvm_calls"] - one[step]["jvm_calls"] for step in one}
    of_new = {step: (new[step]["jvm_calls"] - one[step]["jvm_calls"] + further[step]) / 2 for step in one}
    # Of a new contract the expressions are made, which most of the calls are for. A run on Glue knows none.
    assert further["check"] <= 600
    assert further["merge"] <= 350
    assert of_new["check"] <= 3_000
    assert of_new["merge"] <= 450


def test_the_file_of_each_further_day_is_opened_once(small_batches: SmallBatches) -> None:
    contracts, days = [replace(load_contracts()["transactions"], dataset="days")], 4
    for number_of_days in (1, days):  # makes the tables, the expressions and the days
        small_batches.batch(contracts, days, number_of_days)

    one, more = (small_batches.batch(contracts, days, number) for number in (1, days))

    further = {step: more[step]["s3_requests"] - one[step]["s3_requests"] for step in one}
    # check writes a file for each day. merge writes one too, and reads that of check: its length, its footer,
    # the batch id's dictionary, its columns.
    assert further["check"] <= (days - 1)
    assert further["merge"] <= (days - 1) * 5
    assert more["merge"]["tasks"] <= one["merge"]["tasks"] + 2  # one for each core


def test_a_hundred_idle_datasets_cost_a_batch_nothing(small_batches: SmallBatches, tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    for folder in (few, many):
        write_contracts(folder, ["busy"])
    for number in range(IDLE):
        (many / f"idle_{number}.yaml").write_text("[")  # who reads it fails
    busy = [load_contract(few / "busy.yaml")]
    small_batches.batch(busy, 3, folder=few)

    alone, beside = (small_batches.batch(busy, 3, folder=folder) for folder in (few, many))

    counted = ("queries", "jobs", "tasks", "classes_compiled", "s3_requests", "glue_requests", "jvm_calls")
    further = {
        (step, cause): cost[cause] - alone[step][cause] for step, cost in beside.items() for cause in counted
    }
    assert {number for (_, cause), number in further.items() if cause in {"queries", "jobs", "tasks"}} == {0}
    # One for each idle dataset would be IDLE. Requests and calls differ by a few from batch to batch.
    assert {cause: number for cause, number in further.items() if number >= IDLE / 4} == {}


def test_a_batch_tells_where_its_rows_came_from_and_went_to(small_batches: SmallBatches) -> None:
    contract = replace(load_contracts()["transactions"], dataset="told")
    before = lineage_keys()

    small_batches.batch([contract], 3)

    events = [event for key in lineage_keys() if key not in before for event in events_in(key)]
    for event in events:
        check_event(event)
    check, merge = (event for event in events if event["eventType"] == "COMPLETE")
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"] * 2
    assert check["run"]["facets"]["parent"] == merge["run"]["facets"]["parent"]
    [read], [changes], [merged], [table] = (
        check["inputs"],
        check["outputs"],
        merge["inputs"],
        merge["outputs"],
    )
    assert (read["namespace"], read["name"]) == ("s3://raw", "stream/told")
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 3
    assert {
        one["name"]: one["success"] for one in read["inputFacets"]["dataQualityAssertions"]["assertions"]
    }["updated_at.after_sale"]
    database = f"awsdatacatalog.{small_batches.lake.database}"
    assert changes["name"] == merged["name"] == f"{database}.told_changes"
    assert changes["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert table["name"] == f"{database}.told"


def lineage_keys() -> list[str]:
    """The objects with events, by batch and step."""
    found = boto3.client("s3").list_objects_v2(Bucket="lake", Prefix="lineage/").get("Contents", [])
    return [one["Key"] for one in found]


def events_in(key: str) -> list[Any]:
    """The events of an object of the lake bucket."""
    body = boto3.client("s3").get_object(Bucket="lake", Key=key)["Body"].read()
    return [json.loads(line) for line in body.splitlines()]
