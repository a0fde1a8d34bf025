"""A data file of an export is read again by its export's summary."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jobs.intake.manifest import read_message
from tests.workflows.empty_stack import empty_stack
from tests.workflows.landed_files import land
from workflows.operations.export_summaries import summaries_of
from workflows.progress.announcements import object_created

if TYPE_CHECKING:
    from jobs.intake.manifest import ManifestFile
    from workflows.stack.target import Target

FOLDER = "exports/products/AWSDynamoDB"


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


def put_export(target: Target, name: str, *keys: str) -> None:
    s3, bucket = target.client("s3"), target.output("RawBucket")
    lines = "".join(json.dumps({"dataFileS3Key": key}) + "\n" for key in keys)
    s3.put_object(Bucket=bucket, Key=f"{FOLDER}/{name}/manifest-files.json", Body=lines.encode())
    s3.put_object(Bucket=bucket, Key=f"{FOLDER}/{name}/manifest-summary.json", Body=b"{}")


def data_file(target: Target, key: str) -> ManifestFile:
    file = land(target, "drops/products/a.csv")
    return replace(file, key=key, door="export", format="jsonl.gz", md5="m", items=2)


def test_a_data_file_has_the_summary_that_lists_it_which_intake_takes(target: Target) -> None:
    one, two, lost = (f"{FOLDER}/data/{name}.json.gz" for name in ("one", "two", "lost"))
    put_export(target, "01-a", one)
    put_export(target, "02-b", two)

    found = summaries_of(target.client("s3"), [data_file(target, key) for key in (one, two, lost)])

    assert {key: summary.key for key, summary in found.items()} == {
        one: f"{FOLDER}/01-a/manifest-summary.json",
        two: f"{FOLDER}/02-b/manifest-summary.json",
    }
    for summary in found.values():
        announced = read_message(object_created(summary), ["products"])
        assert announced == replace(summary, dataset="products")
    assert read_message(object_created(data_file(target, one)), ["products"]) is None
