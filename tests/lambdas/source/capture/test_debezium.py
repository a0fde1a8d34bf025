"""Events of Debezium as its documentation describes them."""

from typing import Any

import pytest

from lambdas.source.capture.captured import Captured, Skipped, Table, Wrong
from lambdas.source.capture.debezium import change_of, payload_of, skipped, table_of
from tests.lambdas.source.mapped import debezium, order


def captured(message: Any) -> Captured:
    found = change_of(message)
    assert isinstance(found, Captured), found
    return found


def violation(message: Any) -> tuple[str, str]:
    found = change_of(message)
    assert isinstance(found, Wrong), found
    return found.violations[0][:2]


@pytest.mark.parametrize("op", ["c", "u", "r"])
def test_the_row_of_an_insert_update_or_snapshot_is_what_it_is_after(op: str) -> None:
    found = captured(debezium(op, after=order()))

    assert (found.op, found.row, found.path) == ("upsert", order(), "/after")
    assert found.position == 24_023_128 - (op == "r")
    assert found.time == "2023-11-14T22:13:20.123000Z"


def test_the_row_of_a_delete_is_what_it_was_before() -> None:
    found = captured(debezium("d", before=order()))

    assert (found.op, found.row, found.path) == ("delete", order(), "/before")


def test_an_update_has_the_row_before_it_where_the_database_tells() -> None:
    assert captured(debezium("u", before=order(6), after=order())).before == order(6)
    assert captured(debezium("u", after=order())).before is None


def test_the_finest_time_of_the_database_counts() -> None:
    source = {"ts_us": 1_700_000_000_123_456, "ts_ns": 1_700_000_000_123_456_789}

    assert captured(debezium("c", after=order(), **source)).time == "2023-11-14T22:13:20.123456Z"
    assert captured(debezium("c", after=order(), ts_ms=0)).time == "2023-11-14T22:13:20.500000Z"


def test_an_event_beside_its_schema_has_the_values_that_the_schema_says() -> None:
    fields = [{"field": "placed_on", "name": "io.debezium.time.Date", "type": "int32"}]
    schema = {"type": "struct", "fields": [{"field": "after", "type": "struct", "fields": fields}]}
    message = {"schema": schema, "payload": debezium("c", after=order(placed_on=19_675))}

    found = captured(message)

    assert (found.row["placed_on"], found.path) == ("2023-11-14", "/payload/after")
    assert table_of(message) == Table("shop", "public", "orders")


def test_an_event_may_be_the_data_of_a_cloudevent() -> None:
    data = {"schema": {}, "payload": debezium("c", after=order())}
    message = {
        "specversion": "1.0",
        "id": "1",
        "type": "io.debezium.connector.x.DataChangeEvent",
        "data": data,
    }

    assert captured(message).path == "/data/payload/after"
    assert payload_of(message)["op"] == "c"


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (debezium("t"), ("/op", "operation")),
        (debezium("x", after=order()), ("/op", "operation")),
        (debezium("c") | {"op": ["c"]}, ("/op", "operation")),
        (debezium("c"), ("/after", "envelope")),
        (debezium("d", after=order()), ("/before", "envelope")),
        (
            debezium("u", after=order(customer="__debezium_unavailable_value")),
            ("/after/customer", "unavailable"),
        ),
        (debezium("u", after={"x/y": ["__debezium_unavailable_value"]}), ("/after/x~1y", "unavailable")),
    ],
)
def test_what_is_no_change_of_one_known_row_is_rejected(message: Any, found: tuple[str, str]) -> None:
    assert violation(message) == found


def test_a_delete_needs_no_value_but_its_key() -> None:
    before = order(customer="__debezium_unavailable_value")

    assert captured(debezium("d", before=before)).op == "delete"


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"schema": None, "payload": None},
        debezium("m") | {"message": {"prefix": "a", "content": "Yg=="}},
        {"ts_ms": 1_700_000_000_000},
        {"schema": {}, "payload": {"ts_ms": 1_700_000_000_000}},
        {"status": "BEGIN", "id": "571:53195829", "event_count": None, "ts_ms": 1},
        {"source": {"db": "shop"}, "ddl": "CREATE TABLE …", "databaseName": "shop", "tableChanges": []},
    ],
)
def test_what_is_about_no_row_is_skipped(message: Any) -> None:
    assert isinstance(skipped(message), Skipped)


@pytest.mark.parametrize("message", [7, "x", [], {}, {"a": 1}, {"source": 7}, debezium("c", after=order())])
def test_nothing_else_is_skipped(message: Any) -> None:
    assert skipped(message) is None


@pytest.mark.parametrize("message", [None, 7, [], {}, {"op": "c"}, {"source": {}}, {"op": "c", "source": 7}])
def test_what_is_no_event_of_a_row_has_no_table(message: Any) -> None:
    assert table_of(message) is None
