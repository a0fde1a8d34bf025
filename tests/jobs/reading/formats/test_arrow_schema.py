"""Types at the leaves of a schema are changed wherever they are, and nothing else is."""

import json
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from expectations.contract import Column
from jobs.reading.formats.arrow_schema import leaves_of, of_julian_calendar, with_leaves
from jobs.reading.formats.arrow_values import converter

INT, TEXT = pa.int64(), pa.string()
KINDS = [
    INT,
    pa.struct([("a", INT), ("b", TEXT)]),
    pa.map_(TEXT, INT),
    pa.list_(pa.field("array", INT)),
    pa.large_list(INT),
    pa.list_view(INT),
    pa.large_list_view(INT),
    pa.list_(INT, 3),
    pa.list_(pa.struct([("a", pa.list_(INT))])),
]


@pytest.mark.parametrize("kind", KINDS, ids=map(str, KINDS))
def test_leaves_are_changed_in_their_order_inside_of_every_type(kind: pa.DataType) -> None:
    schema = pa.schema([pa.field("x", kind, metadata={"told": "yes"})], metadata={"by": "a partner"})
    leaves: list[pa.DataType] = []

    def change(leaf: pa.DataType) -> pa.DataType:
        leaves.append(leaf)
        return pa.int32() if leaf == INT else leaf

    changed = with_leaves(schema, change)

    assert str(changed) == str(schema).replace("int64", "int32")
    assert changed.metadata == schema.metadata
    assert leaves.count(INT) == str(kind).count("int64")


def test_the_values_inside_of_an_array_are_its_leaves() -> None:
    values = pa.array(
        [{"a": [1, 2], "m": [("k", 3)]}, None, {"a": None, "m": []}],
        pa.struct([("a", pa.list_(INT)), ("m", pa.map_(TEXT, INT))]),
    )

    assert [leaf.to_pylist() for leaf in leaves_of(values)] == [[1, 2], ["k"], [3]]


@pytest.mark.parametrize(
    ("old", "first", "name"),
    [
        (date(1582, 10, 14), date(1582, 10, 15), "1582-10-14"),
        (datetime(1582, 10, 14, 23, 59, 59, 999999), datetime(1582, 10, 15), "1582-10-14T23:59:59.999999"),
    ],
)
def test_days_of_the_julian_calendar_are_refused_wherever_they_are(old: Any, first: Any, name: str) -> None:
    batch = pa.record_batch({"x": [old, first, None], "y": [[old], [first], None]})
    schema = of_julian_calendar(batch.schema)
    column = Column("x", "date")
    of_list = Column("y", "list<date>", fields=(column,))

    found = converter(schema.field(0).type, column)(batch.column(0)).to_pylist()
    inside = converter(schema.field(1).type, of_list)(batch.column(1)).to_pylist()

    refused = {"Julian calendar": name}
    assert [json.loads(one or "null") for one in found] == [refused, "1582-10-15", None]
    assert [json.loads(one or "null") for one in inside] == [[refused], ["1582-10-15"], None]
