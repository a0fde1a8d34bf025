"""Records of AWS DMS as its documentation describes them."""

from typing import Any

import pytest

from lambdas.source.capture.captured import Captured, Skipped, Table, Wrong
from lambdas.source.capture.dms import change_of, skipped, table_of
from tests.lambdas.source.mapped import dms, order

CONTROL = {
    "control": {"table-def": {"columns": {}, "primary-key": ["id"]}},
    "metadata": {
        "operation": "create-table",
        "record-type": "control",
        "schema-name": "public",
        "table-name": "orders",
        "timestamp": "2026-11-30T12:00:00.266581Z",
    },
}


def captured(message: Any) -> Captured:
    found = change_of(message)
    assert isinstance(found, Captured), found
    return found


@pytest.mark.parametrize("operation", ["load", "insert", "update"])
def test_the_row_is_the_data(operation: str) -> None:
    found = captured(dms(operation, order()))

    assert (found.op, found.row, found.path) == ("upsert", order(), "/data")
    assert found.time == "2026-11-30T12:00:00.123456Z"
    assert table_of(dms(operation, order())) == Table("", "public", "orders")


def test_a_delete_has_the_key_in_its_data() -> None:
    assert captured(dms("delete", order(customer=None))).op == "delete"


def test_a_before_image_has_the_columns_that_changed() -> None:
    assert captured(dms("update", order(), {"order_id": 6})).before == order(6)
    assert captured(dms("update", order(), {})).before is None
    assert captured(dms("insert", order(), {"order_id": 6})).before is None


def test_messages_of_one_time_are_ordered_by_their_transaction() -> None:
    def made(**details: Any) -> str:
        return captured(dms("update", order(), **details)).order

    later = {"commit-timestamp": "2026-11-30T12:00:00.100001Z"}
    orders = [
        made(**{"transaction-record-id": 2}),
        made(**{"transaction-record-id": 10}),
        made(**{"stream-position": "00000002/84000100.2.00000002/84000100"}),
        made(**{"stream-position": "mysql-bin.000008.900"}, **later),
        made(**{"stream-position": "mysql-bin.000008.1000"}, **later),
        made(**{"stream-position": "mysql-bin.000010.4"}, **later),
    ]

    assert orders == sorted(set(orders))


def test_without_details_of_the_transaction_there_is_no_order() -> None:
    message = dms("load", order())
    for name in ("commit-timestamp", "stream-position", "transaction-record-id"):
        del message["metadata"][name]

    assert captured(message).order == ""


def test_control_records_are_skipped() -> None:
    assert skipped(CONTROL) == Skipped("a control record: create-table")
    assert skipped(dms("insert", order())) is None


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (dms("upsert", order()), "/metadata/operation"),
        (dms(["insert"], order()), "/metadata/operation"),
        (dms("insert", None), "/data"),
        (dms("insert", [1]), "/data"),
        (dms("insert", order(), timestamp="soon"), "/metadata/timestamp"),
        (dms("insert", order(), timestamp=None), "/metadata/timestamp"),
    ],
)
def test_what_is_no_change_is_rejected(message: Any, place: str) -> None:
    found = change_of(message)

    assert isinstance(found, Wrong)
    assert found.violations[0].path == place


@pytest.mark.parametrize("message", [None, 7, [], {}, {"metadata": 7}, {"metadata": {"operation": "insert"}}])
def test_what_is_no_record_of_dms_has_no_table_and_is_not_skipped(message: Any) -> None:
    assert table_of(message) is None
    assert skipped(message) is None
