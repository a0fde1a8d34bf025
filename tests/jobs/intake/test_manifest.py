"""Intake messages become a manifest, or a reason why not."""

import json
from dataclasses import replace
from typing import Any

import pytest

from jobs.intake.manifest import FirstEvent, Manifest, Refused, classify, make_manifest, read_message
from tests.jobs.builders import SENT, manifest_file, object_created

DATASETS = ("products", "transactions")

PLACES = [
    ("stream/transactions/2026/11/24/12/a-1-2.jsonl.gz", ("transactions", "stream", "jsonl.gz")),
    ("drops/products/new.csv", ("products", "drop", "csv")),
    ("drops/products/new.csv.gz", ("products", "drop", "csv.gz")),
    ("drops/products/new.JSONL", ("products", "drop", "jsonl")),
    ("drops/products/new.jsonl.gz", ("products", "drop", "jsonl.gz")),
    ("drops/products/new.csv.ZIP", ("products", "drop", "csv.zip")),
    ("drops/products/new.zip", ("products", "drop", "zip")),
    ("drops/products/2026/11/new.parquet", ("products", "drop", "parquet")),
]
REFUSED = [
    ("drops/products/new.xls", ", or one of these with .bz2, .gz, .xz, .zip, .zst behind"),
    ("stream/products/new.csv", "*.jsonl.gz"),
    ("drops/sales/new.csv", "a dataset that has a contract (products, transactions), got 'sales'"),
    ("new.csv", "stream/<dataset>/… or drops/<dataset>/…"),
    ("drops/products/", "stream/<dataset>/… or drops/<dataset>/…"),
    ("else/products/new.csv", "stream/<dataset>/… or drops/<dataset>/…"),
]


@pytest.mark.parametrize(("key", "place"), PLACES)
def test_a_key_tells_dataset_door_and_format(key: str, place: tuple[str, str, str]) -> None:
    assert classify(key, DATASETS) == place


@pytest.mark.parametrize(("key", "expected"), REFUSED)
def test_a_key_that_no_door_takes_is_told_what_was_expected(key: str, expected: str) -> None:
    reason = classify(key, DATASETS)

    assert isinstance(reason, str)
    assert reason.startswith("intake: expected ")
    assert expected in reason


def test_a_message_names_the_object_as_it_was_when_it_was_created() -> None:
    body = object_created("drops/products/a b+c%.csv", etag='"e"', version="v1", size=7)

    assert read_message(body, DATASETS) == manifest_file(
        "drops/products/a b+c%.csv", dataset="products", door="drop", etag="e", version_id="v1", size=7
    )


@pytest.mark.parametrize("body", ["", "{", "[]", "1", '{"detail": {}}', '{"detail": {"bucket": "x"}}'])
def test_a_message_that_is_no_s3_event_is_refused_and_kept(body: str) -> None:
    refused = read_message(body, DATASETS)

    assert isinstance(refused, Refused)
    assert refused.payload == body
    assert "expected an S3 'Object Created' event" in refused.reason


def test_the_placeholder_of_a_folder_is_nothing_to_read() -> None:
    assert read_message(object_created("drops/products/", size=0), DATASETS) is None


def test_one_state_of_an_object_is_read_once_however_often_it_is_announced() -> None:
    bodies = [
        object_created("drops/products/a.csv", etag="1", time="2026-11-24T12:00:01Z"),
        object_created("drops/products/a.csv", etag="1", time="2026-11-24T12:00:05Z"),
        object_created("drops/products/a.csv", etag="2", time="2026-11-24T12:00:03Z"),
        "broken",
        "broken",
    ]

    manifest = make_manifest("b", SENT, bodies, DATASETS)

    states = [(file.etag, file.event_time) for file in manifest.files]
    assert states == [("2", "2026-11-24T12:00:03+00:00"), ("1", "2026-11-24T12:00:05+00:00")]
    assert [refused.payload for refused in manifest.refused] == ["broken"]


def test_the_order_of_messages_does_not_change_the_manifest() -> None:
    bodies = [object_created(f"drops/products/{name}.csv", etag=name) for name in "cab"]

    manifests = {make_manifest("b", SENT, some, DATASETS).to_json() for some in (bodies, bodies[::-1])}

    assert len(manifests) == 1


def test_the_sequencer_orders_what_was_announced_within_a_second() -> None:
    """As a number: S3 sends them in several lengths. What is no hexadecimal number orders nothing."""
    sequencers = {"1": "0100", "2": "00FF", "3": "x" * 9, "4": 7, "5": "f" * 33}
    bodies = [
        object_created("drops/products/a.csv", etag=etag, sequencer=sequencer)
        for etag, sequencer in sequencers.items()
    ]

    manifest = make_manifest("b", SENT, bodies, DATASETS)

    found = [(file.etag, file.sequencer) for file in manifest.files]
    assert found == [("3", None), ("4", None), ("5", None), ("2", "00ff"), ("1", "0100")]


def test_a_manifest_survives_its_json() -> None:
    bodies: list[Any] = [object_created("drops/products/a.csv", sequencer="a1"), json.dumps({"not": "S3"})]
    manifest = make_manifest("b", SENT, bodies, DATASETS)
    first = {"v e": FirstEvent("2026-11-01T12:00:00+00:00", None)}
    manifest = replace(manifest, files=(replace(manifest.files[0], first_events=first),))

    assert Manifest.from_json(manifest.to_json()) == manifest
    assert manifest.begun == SENT


def test_a_folder_of_a_table_has_exports_alone() -> None:
    datasets = (*DATASETS, "table=App")

    key = "exports/table=App/AWSDynamoDB/1/manifest-summary.json"
    assert classify(key, datasets) == ("table=App", "export", "manifest-summary.json")
    for other in ("drops/table=App/a.csv", "stream/table=App/a.jsonl.gz"):
        assert "expected a dataset that has a contract" in str(classify(other, datasets))
