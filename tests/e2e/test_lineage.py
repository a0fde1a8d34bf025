"""The lineage that the batches of the running stack have left in the lake bucket."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.jobs.lineage.published import check_event
from workflows.query.sql import query

if TYPE_CHECKING:
    from workflows.stack.target import Target


def completed(target: Target) -> list[dict[str, Any]]:
    """The COMPLETE events of all batches. Every event is compared with what OpenLineage publishes."""
    s3, bucket = target.client("s3"), target.output("LakeBucket")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="lineage/")
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    lines = (
        line for key in keys for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
    )
    events = [json.loads(line) for line in lines]
    for event in events:
        check_event(event)
    return [event for event in events if event["eventType"] == "COMPLETE"]


def test_every_accepted_row_is_in_the_lineage_of_its_batch(demo: dict[str, Any], target: Target) -> None:
    events = completed(target)

    told: Counter[tuple[str, str]] = Counter()
    for event in events:
        step, _, dataset = event["job"]["name"].partition(".")
        if step == "check":
            [output] = event["outputs"]
            told[event["run"]["facets"]["glueline_batch"]["batchId"], dataset] += output["outputFacets"][
                "outputStatistics"
            ]["rowCount"]
    counted = query(
        target,
        "select batch_id, dataset, source_file, accepted from lake_ops.batches where dataset is not null",
    ).to_pylist()
    accepted: Counter[tuple[str, str]] = Counter()
    for one in counted:
        accepted[one["batch_id"], one["dataset"]] += one["accepted"]
    assert accepted == told, [one for one in counted if differs(one, accepted, told)]


def differs(one: dict[str, Any], accepted: Counter[tuple[str, str]], told: Counter[tuple[str, str]]) -> bool:
    batch = one["batch_id"], one["dataset"]
    return accepted[batch] != told[batch]


def test_objects_lead_to_changes_and_changes_to_tables(demo: dict[str, Any], target: Target) -> None:
    edges = {
        (read["name"].partition("/")[0], output["name"].rpartition(".")[2])
        for event in completed(target)
        for read in event["inputs"]
        for output in event["outputs"]
    }

    assert {("stream", "transactions_changes"), ("drops", "products_changes")} <= edges
    for dataset in ("transactions", "products", "households"):
        database = target.output("LakeDatabase")
        assert (f"awsdatacatalog.{database}.{dataset}_changes", dataset) in edges
