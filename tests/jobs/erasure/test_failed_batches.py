"""Lambda's records of stream batches that were given up."""

import json
from typing import Any

import pytest

from jobs.erasure.failed_batches import is_stream_of, read_failed_batch
from jobs.reading.formats.rows import UnreadableFile
from tests.jobs.builders import ENTITIES
from tests.jobs.erasure_pipeline import STREAM_ARN
from tests.jobs.existing_histories import LEDGER

RECORDS = [{"eventID": "1", "eventSourceARN": STREAM_ARN}, {"eventID": "2"}]
EVENTS = {"text": json.dumps({"Records": RECORDS}), "object": {"Records": RECORDS}, "list": RECORDS}


def failed_batch(payload: Any) -> bytes:
    return json.dumps({"DDBStreamBatchInfo": {"streamArn": STREAM_ARN}, "payload": payload}).encode()


@pytest.mark.parametrize("form", EVENTS)
def test_records_are_read_and_replaced_in_the_form_that_the_payload_has(form: str) -> None:
    batch = read_failed_batch(failed_batch(EVENTS[form]))

    assert batch.records == RECORDS
    assert batch.stream == STREAM_ARN
    left = json.loads(batch.with_records(RECORDS[1:]))
    payload = json.loads(left["payload"]) if form == "text" else left["payload"]
    assert payload == (RECORDS[1:] if form == "list" else {"Records": RECORDS[1:]})


@pytest.mark.parametrize("payload", [None, "", []])
def test_a_batch_may_have_no_records(payload: Any) -> None:
    assert read_failed_batch(failed_batch(payload)).records == []


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"payload": {"Other": 1}}', b'{"payload": [7]}'])
def test_any_other_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"^failure: expected Lambda's record of a failed batch"):
        read_failed_batch(body)


def test_a_record_is_of_the_table_that_it_or_else_its_batch_names() -> None:
    batch = read_failed_batch(failed_batch(RECORDS))
    other = {"eventSourceARN": STREAM_ARN.replace("glueline-entities", "glueline-events")}

    assert [batch.is_of(ENTITIES, record) for record in (*RECORDS, other)] == [True, True, False]


@pytest.mark.parametrize(
    ("table", "is_of"),
    [
        ("glueline-entities", True),
        ("my-stack-entities", True),
        ("entities", True),
        ("glueline-old_entities", False),
    ],
)
def test_a_table_is_named_by_any_prefix_and_the_dataset(table: str, is_of: bool) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}/stream/2026-11-24T00:48:05.899"

    assert is_stream_of(ENTITIES, arn) is is_of


def test_an_existing_table_is_named_by_its_contract() -> None:
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/{}/stream/2026-11-24T00:48:05.899"

    assert [is_stream_of(LEDGER, arn.format(table)) for table in ("Ledger", "ledger", "a-ledger")] == [
        True,
        False,
        False,
    ]
