"""Which object belongs to which door, and in which format; whoever writes to a door agrees with that."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from expectations.contract import Contract
from jobs.intake.doors import (
    DOORS,
    DROP,
    EXPORT,
    REPAIR,
    STREAM,
    datasets_of_folders,
    door_of,
    doors_of_rows,
    export_folder,
    is_of_table,
    live_doors,
)
from lambdas.forwarder.objects import raw_objects
from tests.jobs.builders import ENTITIES, object_created
from tests.jobs.existing_histories import LEDGER, PROFILES, TICKETS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("key", "door"),
    [
        ("stream/things/2026/11/24/12/a.jsonl.gz", STREAM),
        ("drops/things/a.csv", DROP),
        ("exports/things/AWSDynamoDB/1/data/a.json.gz", EXPORT),
        ("repairs/things/a.jsonl.gz", REPAIR),
        ("drop/things/a.csv", None),
        ("aws/lambda/a", None),
        ("/drops/things/a.csv", None),
    ],
)
def test_the_prefix_of_a_key_tells_the_door(key: str, door: object) -> None:
    assert door_of(key) is door


@pytest.mark.parametrize(
    ("key", "file_format"),
    [
        ("drops/things/a.csv", "csv"),
        ("drops/things/deep/A.CSV.GZ", "csv.gz"),
        ("drops/things/a.jsonl", "jsonl"),
        ("drops/things/a.parquet", "parquet"),
        ("drops/things/a.json", "json"),
        ("drops/things/a.json.gz", "json.gz"),
        ("drops/things/a.parquet.zip", "parquet.zip"),
        ("drops/things/a.zip", "zip"),
        ("drops/things/a.gz", None),
        ("drops/things/csv", None),
        ("exports/things/AWSDynamoDB/1/data/a.json.gz", "jsonl.gz"),
        ("exports/things/AWSDynamoDB/1/data/a.ion.gz", None),
        ("stream/things/a.csv", None),
    ],
)
def test_the_ending_of_a_name_tells_the_format_if_the_door_takes_it(
    key: str, file_format: str | None
) -> None:
    door = door_of(key)

    assert door is not None
    assert door.format_of(key) == file_format


def test_a_reason_names_the_files_that_a_door_takes() -> None:
    assert STREAM.names == "*.jsonl.gz"
    assert DROP.names.startswith("*.")
    assert DROP.names.endswith(", or one of these with .bz2, .gz, .xz, .zip, .zst behind")


def test_doors_are_told_apart_by_name_and_by_prefix() -> None:
    prefixes = [door.prefix for door in DOORS.values()]

    assert [door.name for door in DOORS.values()] == list(DOORS)
    assert not [
        (one, other) for one in prefixes for other in prefixes if one != other and one.startswith(other)
    ]
    assert all(prefix.endswith("/") for prefix in prefixes)


def test_rows_come_by_the_drop_alone_and_exports_and_repairs_are_not_news() -> None:
    assert doors_of_rows() == ["drop"]
    assert live_doors() == ["stream", "drop"]


def test_the_forwarder_writes_to_the_stream_door() -> None:
    event = json.loads((ROOT / "tests/events/dynamodb_stream.json").read_text())

    [written] = raw_objects(event["Records"], "glueline-")

    hour = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert written.key.startswith(f"{STREAM.folder(written.dataset)}{hour:%Y/%m/%d/%H}/")
    assert STREAM.format_of(written.key) == "jsonl.gz"


def test_exports_of_a_table_with_items_of_several_datasets_are_in_a_folder_of_the_table() -> None:
    assert [export_folder(one) for one in (ENTITIES, LEDGER, PROFILES)] == [
        "exports/entities/", "exports/ledger/", "exports/table=App/",
    ]  # fmt: skip
    # As a run has them: each is read by itself, and does not know of the others.
    contracts = {"ledger": LEDGER, "profiles": PROFILES, "tickets": TICKETS}
    own = {"ledger": ("ledger",), "profiles": ("profiles",), "tickets": ("tickets",)}
    for key in ("exports/table=App/a", "exports/table%3DApp/a"):
        folders = datasets_of_folders(contracts, [object_created("drops/ledger/a.csv"), object_created(key)])
        assert folders == {**own, "table=App": ("profiles", "tickets")}


def test_no_contract_is_read_for_a_message_about_a_dataset_of_its_own() -> None:
    class Unread(dict[str, Contract]):
        def __getitem__(self, dataset: str) -> Contract:
            raise AssertionError(f"{dataset} was read")

    messages = [
        object_created(key) for key in ("drops/ledger/a.csv", "exports/ledger/a/manifest-summary.json")
    ]

    assert datasets_of_folders(Unread(ledger=LEDGER), messages) == {"ledger": ("ledger",)}


def test_only_exports_in_the_folder_of_a_table_are_read_for_several_datasets() -> None:
    assert is_of_table("exports/table=Shop/AWSDynamoDB/1/data/a.json.gz")
    assert not any(
        map(is_of_table, ("exports/tables/AWSDynamoDB/1/data/a.json.gz", "drops/table=Shop/a.csv"))
    )
