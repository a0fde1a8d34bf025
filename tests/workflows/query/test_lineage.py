"""The steps of a batch, from the events that jobs write."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from expectations.odcs import load_contracts
from jobs.lineage.events import Assertion, Dataset, Input, Run, athena_table, completed, failed, written
from workflows.query.lineage import UnreadableLineage, read_steps, steps
from workflows.stack.target import Target

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
PRODUCTS = load_contracts()["products"]
FILES = [Dataset("s3://raw", f"drops/products/{name}.csv") for name in "ab"]
CHANGES = athena_table("eu-central-1", "shop_lake", "products_changes")


def events() -> list[dict[str, Any]]:
    check = Run("glueline/shop", "check", "wr_1", "products", AT)
    merge = Run("glueline/shop", "merge", "wr_1", "products", AT + timedelta(minutes=1))
    rules = [Assertion("brand.known", "expect_column_values_to_be_in_set", False, "brand")]
    output = written(CHANGES, PRODUCTS, FILES, 3, by_alias=True)
    read = [Input(file, 2) for file in FILES]
    return [
        *failed(merge, AT + timedelta(minutes=2), "CommitFailedException"),
        *completed(check, AT + timedelta(seconds=5), read, output, rules),
    ]


def test_a_step_has_what_it_read_and_wrote() -> None:
    check, merge = steps(events())

    assert (check.batch_id, check.step, check.dataset, check.state) == (
        "wr_1",
        "check",
        "products",
        "COMPLETE",
    )
    assert check.inputs == ("s3://raw/drops/products/a.csv", "s3://raw/drops/products/b.csv")
    assert check.outputs == ("awsdatacatalog.shop_lake.products_changes",)
    assert (check.rows_read, check.rows_accepted) == (4, 3)
    assert check.broken_rules == ("brand.known",)
    assert (check.started, check.ended) == ("2026-11-30T12:00:00+00:00", "2026-11-30T12:00:05+00:00")
    assert (merge.state, merge.error) == ("FAIL", "CommitFailedException")


def test_a_failed_step_that_was_repeated_is_complete() -> None:
    check = Run("glueline/shop", "check", "wr_1", "products", AT)
    again = [*failed(check, AT, "it broke"), *events()]

    assert [one.state for one in steps(again)] == ["COMPLETE", "FAIL"]


def test_a_step_without_an_end_has_begun() -> None:
    start, *_ = events()[2:]

    [step] = steps([start])
    assert (step.state, step.ended, step.rows_read) == ("START", None, None)


@pytest.fixture
def target(aws: str) -> Target:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="steps-lake")
    for number, event in enumerate(events()):
        key = f"lineage/wr_1/{number}.jsonl"
        s3.put_object(Bucket="steps-lake", Key=key, Body=json.dumps(event).encode() + b"\n")
    return Target("us-east-1", {"LakeBucket": "steps-lake"}, aws)


def test_the_steps_of_a_batch_are_read_from_the_lake_bucket(target: Target) -> None:
    assert read_steps(target, "wr_1") == steps(events())
    assert read_steps(target, "wr_2") == []


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"eventType": "START"}', b"\xff"])
def test_an_object_that_has_no_lineage_is_named(target: Target, body: bytes) -> None:
    boto3.client("s3").put_object(Bucket="steps-lake", Key="lineage/wr_3/check.jsonl", Body=body)

    with pytest.raises(UnreadableLineage, match=r"lineage/wr_3/check\.jsonl"):
        read_steps(target, "wr_3")
