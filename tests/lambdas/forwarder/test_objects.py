import copy
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from expectations.entities import Condition
from lambdas.forwarder.objects import ForeignStream, raw_objects, sort_records

PREFIX = "glueline-"


@pytest.fixture
def records(event_named: Callable[[str], Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = event_named("dynamodb_stream")["Records"]
    return found


def test_a_batch_becomes_one_object_of_its_dataset_with_unchanged_records(
    records: list[dict[str, Any]],
) -> None:
    [raw] = raw_objects(records, PREFIX)

    lines = gzip.decompress(raw.body).decode().splitlines()
    assert (raw.dataset, len(raw.records)) == ("transactions", 3)
    assert [json.loads(line) for line in lines] == records


def test_the_name_contains_dataset_hour_stream_and_sequence_numbers(records: list[dict[str, Any]]) -> None:
    [raw] = raw_objects(records, PREFIX)

    assert raw.key == (
        "stream/transactions/2026/11/24/10/"
        "57d4cba4d87d-4421584500000000017450439091-4421584500000000017450439100.jsonl.gz"
    )


def test_a_summary_contains_object_sequence_numbers_and_events_but_no_values(
    records: list[dict[str, Any]],
) -> None:
    records[0]["dynamodb"]["NewImage"]["_event_id"] = {"S": "event-1"}
    records[1]["dynamodb"]["NewImage"]["_event_id"] = {"S": "e" * 1024}
    [raw] = raw_objects(records, PREFIX)

    assert raw.summary() == {
        "dataset": "transactions",
        "key": raw.key,
        "records": 3,
        "first_sequence_number": "4421584500000000017450439091",
        "last_sequence_number": "4421584500000000017450439100",
        "event_ids": ["event-1", "e" * 256],  # the third record removes its item
    }


def test_a_retry_makes_the_same_object(records: list[dict[str, Any]]) -> None:
    assert raw_objects(records, PREFIX) == raw_objects(copy.deepcopy(records), PREFIX)


def test_a_table_that_is_created_again_does_not_overwrite_objects(records: list[dict[str, Any]]) -> None:
    anew = [
        {**record, "eventSourceARN": record["eventSourceARN"].replace("2026-11-24", "2026-11-25")}
        for record in records
    ]

    assert raw_objects(records, PREFIX)[0].key != raw_objects(anew, PREFIX)[0].key


def test_records_of_two_tables_become_an_object_each(records: list[dict[str, Any]]) -> None:
    of_products = {
        **records[1],
        "eventSourceARN": records[1]["eventSourceARN"].replace("transactions", "products"),
    }

    raws = raw_objects([records[0], of_products, records[2]], PREFIX)

    assert [(raw.dataset, len(raw.records)) for raw in raws] == [("transactions", 2), ("products", 1)]


@pytest.mark.parametrize(
    ("times", "hour"),
    [
        ([1795515330, 1795518932.0], "2026/11/24/10"),
        ([1795515330.75, None], "2026/11/24/10"),
        ([None, 1795518932], "2026/11/24/11"),
        ([None, None], "1970/01/01/00"),
    ],
)
def test_the_hour_is_that_of_the_first_record_with_a_time(
    records: list[dict[str, Any]], times: list[float | None], hour: str
) -> None:
    for record, time in zip(records, times, strict=False):
        del record["dynamodb"]["ApproximateCreationDateTime"]
        if time is not None:
            record["dynamodb"]["ApproximateCreationDateTime"] = time

    [raw] = raw_objects(records[:2], PREFIX)

    assert raw.key.startswith(f"stream/transactions/{hour}/")


@pytest.mark.parametrize(
    "stream",
    [
        "arn:aws:dynamodb:us-east-1:123456789012:table/other-transactions/stream/2026-11-24T00:48:05.899",
        "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-/stream/2026-11-24T00:48:05.899",
        "arn:aws:dynamodb:us-east-1:123456789012:table/glueline-transactions",
        "arn:aws:sqs:us-east-1:123456789012:glueline-inbound",
    ],
)
def test_the_stream_of_another_table_is_an_error_with_advice(
    records: list[dict[str, Any]], stream: str
) -> None:
    with pytest.raises(ForeignStream, match=f"glueline-<dataset>, .*, got {stream}; check"):
        raw_objects([{**records[0], "eventSourceARN": stream}], PREFIX)


def test_records_of_an_existing_table_go_to_the_dataset_whose_contract_names_it(
    records: list[dict[str, Any]],
) -> None:
    for record in records:
        record["eventSourceARN"] = record["eventSourceARN"].replace("glueline-transactions", "Shop-2")

    [raw] = raw_objects(records, PREFIX, {"Shop-2": (("orders", ()),)})

    assert raw.dataset == "orders"
    assert raw.key.startswith("stream/orders/2026/11/24/10/")
    with pytest.raises(ForeignStream, match="one that a contract names"):
        raw_objects(records, PREFIX, {"Shop": (("orders", ()),)})


def test_items_of_several_datasets_become_an_object_each_and_the_others_are_counted(
    records: list[dict[str, Any]],
) -> None:
    for record, kind in zip(records, ("Order", "Ticket", "Other"), strict=True):
        record["eventSourceARN"] = record["eventSourceARN"].replace("glueline-transactions", "App")
        for image in ("OldImage", "NewImage"):
            if image in record["dynamodb"]:
                record["dynamodb"][image]["type"] = {"S": kind}
    datasets = (
        ("o", (Condition("type", "equals", "Order"),)),
        ("t", (Condition("type", "equals", "Ticket"),)),
    )

    found = sort_records(records, PREFIX, {"App": datasets})

    assert [(raw.dataset, raw.records) for raw in found.objects] == [("o", records[:1]), ("t", records[1:2])]
    assert found.unclaimed == {"App": 1}
    assert sort_records(records, PREFIX, {"App": (("o", ()),)}).unclaimed == {}


def modified(record: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A record that sets attributes of an item, or removes those that are None."""
    change = {**record["dynamodb"], "OldImage": record["dynamodb"]["NewImage"]}
    image = {**change["OldImage"], **attributes}
    change["NewImage"] = {name: value for name, value in image.items() if value is not None}
    return {**record, "eventName": "MODIFY", "dynamodb": change}


def test_a_record_that_only_fills_an_index_is_left_out(records: list[dict[str, Any]]) -> None:
    first = records[0]
    filled = modified(first, _part_household_id={"S": "=1"})
    emptied = modified(modified(first, _sort_at={"S": "=1"}), _sort_at=None)

    [raw] = raw_objects([first, filled, emptied], PREFIX)

    assert raw.records == [first]
    assert raw_objects([filled], PREFIX) == []


def test_a_record_that_changes_a_row_and_its_place_in_an_index_is_kept(records: list[dict[str, Any]]) -> None:
    both = modified(records[0], household_id={"N": "7"}, _part_household_id={"S": "=7"})
    same = modified(records[0])  # which DynamoDB does not send, and which changes no index

    [raw] = raw_objects([both, same, records[0]], PREFIX)

    assert raw.records == [both, same, records[0]]
