"""Whether a line is of an erased key, in every form in which a door or queue has lines."""

import json
from base64 import b64encode
from typing import Any

import pytest

from expectations.contract import Column, Contract
from expectations.keys import InvalidKey
from jobs.erasure.keys import ErasedKeys
from tests.jobs.builders import ENTITIES, EVENTS, record
from tests.jobs.existing_histories import BLOBS, LEDGER, PROFILES, TICKETS

SEVEN = ErasedKeys.of(ENTITIES, ["7"])
SALE = ErasedKeys.of(EVENTS, ["north,3"])
EVERY_KIND = Contract(
    dataset="marks",
    version="1.0.0",
    description="A key of every kind.",
    columns=(
        Column("name", "string"),
        Column("amount", "decimal(10,2)"),
        Column("is_new", "boolean"),
        Column("day", "date"),
        Column("seen_at", "timestamp", aliases=("observed",)),
    ),
    key=("name", "amount", "is_new", "day", "seen_at"),
)
MARK = ErasedKeys.of(EVERY_KIND, ["a%2C%20b,1.50,true,2026-11-24,2026-11-24T12%3A00%3A00Z"])


def item(key: str, number: int | str) -> dict[str, Any]:
    return {"_key": {"S": key}, "id": {"N": str(number)}, "name": {"S": "Ann"}}


@pytest.mark.parametrize(
    "line",
    [
        {"id": 7},
        {"id": "7", "name": "Ann"},
        {"id": " 7 "},
        {"id": 7.0},
        {"id": "7.00"},
        {"id": "0.7e1"},
        {"_op": "delete", "id": "007"},
        {"Item": item("7", 7)},
        {"Item": {"id": {"N": "7"}}},
        {"Item": {"id": {"S": "7"}}},
        {"Keys": {"_key": {"S": "7"}}, "Metadata": {"WriteTimestampMicros": {"N": "1"}}},
        {"Keys": {}, "OldImage": item("7", 7)},
        record("INSERT", "7", new=item("7", 7)),
        record("REMOVE", "7", old=item("7", 7)),
        record("REMOVE", "7"),
        {"op": "retract", "key": "7", "version": 1, "tie": ""},
        ["Ann", "7", "", None],
    ],
)
def test_a_line_of_the_key_is_recognized_in_any_form(line: Any) -> None:
    assert SEVEN.own_line(json.dumps(line))
    assert SEVEN.own_line(json.dumps(line).encode())


@pytest.mark.parametrize(
    "line",
    [
        {"id": 17},
        {"id": 7.5},
        {"id": None, "name": "7"},
        {"id": True},
        {"name": "7"},
        {"Item": item("17", 17)},
        record("INSERT", "70", new=item("70", 70), old=item("70", 70)),
        {"op": "retract", "key": "77", "version": 7, "tie": "7"},
        ["Ann", "17"],
        {},
        [],
        7,
        "7",
        None,
    ],
)
def test_a_line_of_another_key_is_not_recognized(line: Any) -> None:
    assert not SEVEN.own_line(json.dumps(line))


@pytest.mark.parametrize(
    ("line", "owned"),
    [
        ({"shop": "north", "number": 3}, True),
        ({"shop": "north", "number": "3"}, True),
        ({"shop": "north", "number": 4}, False),
        ({"shop": "south", "number": 3}, False),
        ({"shop": " north", "number": 3}, True),  # as some doors read it
        ({"shop": "no rth", "number": 3}, False),
        ({"Item": {"shop": {"S": "north"}, "number": {"N": "3"}}}, True),
        (["3", "north"], True),
        (["3", "south"], False),
    ],
)
def test_all_columns_of_a_composite_key_decide(line: Any, owned: bool) -> None:
    assert SALE.own_line(json.dumps(line)) is owned


@pytest.mark.parametrize(
    ("line", "owned"),
    [
        ('{"id": 7, "name": "Ann", ', True),
        ('{"id":"7","name', True),
        ('{"name": "Ann", id = 7', True),
        ('{"dynamodb":{"Keys":{"id":{"N":"7"}', True),
        ('{"id": 70, ', False),
        ('{"bid": 7, ', False),
        ('{"id": 17, "name": "7', False),
        ("no JSON at all, but a 7", False),
    ],
)
def test_a_broken_line_is_recognized_by_the_names_of_the_key_before_its_values(
    line: str, owned: bool
) -> None:
    assert SEVEN.own_line(line) is owned


def test_a_line_that_is_no_utf_8_is_read_too() -> None:
    assert SEVEN.own_line(b'{"id": 7, "name": "\xff"}')
    assert not SEVEN.own_line(b'{"id": 8, "name": "\xff"}')


@pytest.mark.parametrize(
    "row",
    [
        {"name": "a, b", "amount": "1.5", "is_new": "TRUE", "day": "2026-11-24",
         "seen_at": "2026-11-24 12:00Z"},
        {"name": "a, b", "amount": 1.5, "isNew": True, "day": "2026-11-24T00:00:00Z",
         "observed": "2026-11-24T13:00:00+01:00"},
    ],
)  # fmt: skip
def test_a_key_of_every_kind_is_read_as_the_doors_read_it(row: dict[str, Any]) -> None:
    assert MARK.own_line(json.dumps(row))
    assert not MARK.own_line(json.dumps(row | {"amount": "1.51"}))


@pytest.mark.parametrize(
    ("body", "owned"),
    [
        ({"type": "entities.upsert", "data": {"id": " 7 ", "name": "Ann"}}, True),
        ({"type": "entities.delete", "data": {"id": 7}}, True),
        ({"data": {"id": 7}}, True),
        ({"type": "events.upsert", "data": {"id": 7}}, False),
        ({"type": "entities.upsert", "data": {"id": 8}}, False),
        ({"type": "entities.upsert", "data": "id: 7"}, True),
        ({"type": "entities.upsert"}, False),
    ],
)
def test_a_message_is_recognized_by_its_dataset_and_data(body: Any, owned: bool) -> None:
    assert SEVEN.own_message(json.dumps(body)) is owned


def _of(number: int, dataset: str = "entities", member: str = "data") -> dict[str, Any]:
    row = json.dumps({"id": number, "name": "Ann"})
    data = json.loads(row) if member == "data" else b64encode(row.encode()).decode()
    return {"specversion": "1.0", "type": f"{dataset}.upsert", member: data}


@pytest.mark.parametrize(
    "form",
    [
        lambda event: event,
        lambda event: [_of(9), event],
        lambda event: {"Type": "Notification", "Message": json.dumps(event)},
        lambda event: {"Type": "Notification", "Message": json.dumps([_of(9), event])},
        lambda event: {"detail-type": "sale", "detail": event},
        lambda event: {"Message": json.dumps({"detail": event})},
        lambda event: event | {"Message": "hello"},
    ],
    ids=["bare", "batch", "SNS", "batch by SNS", "EventBridge", "EventBridge by SNS", "both at once"],
)
@pytest.mark.parametrize("member", ["data", "data_base64"])
def test_a_message_is_recognized_in_every_form_that_the_queue_takes(form: Any, member: str) -> None:
    assert SEVEN.own_message(json.dumps(form(_of(7, member=member))))
    assert not SEVEN.own_message(json.dumps(form(_of(8, member=member))))
    assert not SEVEN.own_message(json.dumps(form(_of(7, "events", member=member))))


@pytest.mark.parametrize(
    "body",
    [
        {"Message": "entities id: 7"},
        {"Message": '{"id": 7, "name": '},
        {"data_base64": b64encode(b'{"id": 7, "name": ').decode()},
        {"data_base64": "no base64", "id": 7},
        {"data": '{"id": 7}'},
        {"data": {"id": 8}, "data_base64": b64encode(b'{"id": 7}').decode()},
        [8, "id: 7"],
    ],
)
def test_a_rejected_message_without_a_row_that_is_json_is_searched_as_text(body: Any) -> None:
    assert SEVEN.own_message(json.dumps(body))
    assert not ErasedKeys.of(ENTITIES, ["77"]).own_message(json.dumps(body))


def test_a_message_that_is_no_json_is_recognized_by_its_text() -> None:
    assert SEVEN.own_message('{"type":"entities.upsert","data":{"id":7,')
    assert not SEVEN.own_message('{"type":"entities.upsert","data":{"id":8,')


NAMES = Contract(
    "people", "1", "", (Column("person_id", "string", aliases=("ident",)), Column("note", "string")),
    key=("person_id",),
)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("31198570044.0", '{"person_id": 31198570044.0}'),
        ("3.1198570044E10", '{"person_id": 31198570044.0}'),  # as earlier versions read a drop
        ("31198570044", '{"person_id": 31198570044.0}'),
        ("31198570044", '{"person_id": 31198570044}'),
        ("1.50", '{"person_id": 1.50}'),
        ("1.5", '{"person_id": 1.50}'),
        ("1.0E-5", '{"person_id": 0.00001}'),
        ("-0.0", '{"person_id": -0.0}'),
        ("1e5", '{"person_id": 1e5}'),
        ("100000.0", '{"person_id": 1e5}'),
        ("1.0E7", '{"person_id": 10000000.0}'),
        ("1234567.0", '{"person_id": 1234567.0}'),
        ("12345678901234567890.5", '{"person_id": 12345678901234567890.5}'),
        ("true", '{"person_id": true}'),
        ("ann", '{"person_id": "\\u0061nn"}'),
        ("ann", '{"person\\u005fid": " ann\\u00a0"}'),
        ("%20ann%20", '{"person_id": " ann "}'),
        ("ann", '{"personId": "ann"}'),
        ("ann", '{"ident": "ann"}'),
        ("ann", '{"person_id": null, "ident": "ann"}'),
        ("ann", '{"person_id": "bob", "ident": "ann"}'),  # refused
        ("ann", '{"person_id": "ann", "person_id": "bob"}'),  # refused
        ("bob", '{"person_id": "ann", "person_id": "bob"}'),
        ("ann", '{"person_id": "\\u0061nn", "note": "broken'),
        ("ann", "person_id: ann; note: no JSON"),
        ("a%22b", '{"person_id": "a\\"b", "note": "broken'),
        ("7.0", '{"person_id": 7.0, "note": broken}'),
        ("%7B%7D%20%24%7Bx%7D%20%27%22%5C%0A", '{"person_id": "{} ${x} \'\\"\\\\\\n"}'),
        ("%F0%9F%98%80", '{"person_id": "\\ud83d\\ude00"}'),
        ("x" * 2000, '{"person_id": "' + "x" * 2000 + '"}'),
    ],
)
def test_a_text_key_is_recognized_in_every_spelling_that_a_door_reads_or_has_read(
    key: str, line: str
) -> None:
    assert ErasedKeys.of(NAMES, [key]).own_line(line)
    assert not ErasedKeys.of(NAMES, ["another", "11", "an", "nn"]).own_line(line)


def test_an_item_of_another_key_is_not_that_of_its_trimmed_columns() -> None:
    keys = ErasedKeys.of(NAMES, ["ann"])
    untrimmed = {"_key": {"S": "%20ann"}, "person_id": {"S": " ann"}}

    assert not keys.own_item(untrimmed)
    assert keys.own_item({"person_id": {"S": " ann"}})


def test_a_row_of_many_fields_without_names_costs_little() -> None:
    keys = ErasedKeys.of(EVERY_KIND, ["a%2C%20b,1.50,true,2026-11-24,2026-11-24T12%3A00%3A00Z"])
    fields = ["a, b", "1.5", "true", "2026-11-24", "2026-11-24 12:00", *map(str, range(200))]

    assert keys.own_line(json.dumps(fields))
    assert not keys.own_line(json.dumps(fields[1:]))


def test_texts_in_messages_are_trimmed() -> None:
    body = {"type": "events.upsert", "data": {"shop": " north ", "number": 3}}

    assert SALE.own_message(json.dumps(body))


def test_a_text_that_is_no_key_of_the_dataset_is_an_error() -> None:
    with pytest.raises(InvalidKey, match="entities"):
        ErasedKeys.of(ENTITIES, ["7", "seven"])


def test_an_item_of_an_existing_table_is_found_by_its_own_key_alone() -> None:
    keys = ErasedKeys.of(LEDGER, ["a,7.00"])
    own = {"Account": {"S": "a"}, "Entry": {"N": "7"}}
    others = [
        own | {"Account": {"S": " a"}},  # the item of another key
        own | {"Entry": {"S": "7"}},
        {"_key": {"S": "a,7.00"}},
        {"account": {"S": "a"}, "entry": {"N": "7"}},
        {"Account": "a", "Entry": 7},
    ]

    assert keys.own_line(json.dumps({"Item": own}))
    assert keys.own_line(json.dumps({"dynamodb": {"Keys": own, "NewImage": own}}))
    assert keys.own_line(json.dumps({"Keys": own, "Metadata": {}}))
    assert keys.own_line(json.dumps({"op": "retract", "key": "a,7.00"}))
    assert [keys.own_line(json.dumps({"Item": item})) for item in others] == [False] * 5
    assert keys.own_line('{"Keys": {"Account": {"S": "a"}, "Entry": {"N": "7.00"')  # cut off


def test_a_key_of_bytes_is_found_in_base64() -> None:
    keys = ErasedKeys.of(BLOBS, ["%2B%2F8%3D"])

    assert keys.own_line(json.dumps({"Item": {"digest": {"B": "+/8="}}}))
    assert keys.own_line(json.dumps({"digest": "+/8="}))
    assert not keys.own_line(json.dumps({"Item": {"digest": {"B": "AA=="}}}))


def test_an_item_of_another_dataset_of_its_table_is_none_of_its_key() -> None:
    keys = ErasedKeys.of(TICKETS, ["7,1,\u00e4".replace("\u00e4", "%C3%A4")])
    key = {"pk": {"S": "CUSTOMER#\u00e4"}, "sk": {"S": "TICKET#7#LINE#1!"}}
    ticket = key | {"type": {"S": "Ticket"}}

    assert keys.own_line(json.dumps({"Item": ticket}))
    assert keys.own_line(json.dumps({"dynamodb": {"Keys": key, "OldImage": ticket}}))
    assert not keys.own_line(json.dumps({"Item": key | {"type": {"S": "Other"}}}))
    assert not keys.own_line(json.dumps({"Keys": key, "NewImage": key}))
    assert not keys.own_line(json.dumps({"Item": ticket | {"sk": {"S": "TICKET#7#LINE#2!"}}}))
    for is_ascii in (True, False):
        line = json.dumps({"Item": ticket}, ensure_ascii=is_ascii)
        assert keys.own_line(line[:-2])  # cut off
        assert not keys.own_line(line.replace("LINE#1", "LINE#2")[:-2])


def test_a_key_of_the_table_that_is_always_the_same_is_no_part_of_the_text() -> None:
    keys = ErasedKeys.of(PROFILES, ["a"])
    profile = {"pk": {"S": "CUSTOMER|a"}, "sk": {"S": "PROFILE"}, "flag": {"BOOL": True}}

    assert keys.own_line(json.dumps({"Item": profile}))
    assert not keys.own_line(json.dumps({"Item": profile | {"sk": {"S": "OTHER"}}}))
