"""Values of Debezium by their schema, as its documentation describes them."""

from decimal import Decimal
from typing import Any

import pytest

from lambdas.source.capture.debezium_values import part_of, row_values


def field(name: str, **more: Any) -> dict[str, Any]:
    return {"field": "a", "name": name, **more}


CONNECT, TIME = "org.apache.kafka.connect.data", "io.debezium.time"
CASES = [
    (field(f"{TIME}.Date"), 19_675, "2023-11-14"),
    (field(f"{TIME}.Timestamp"), 1_700_000_000_123, "2023-11-14T22:13:20.123000Z"),
    (field(f"{TIME}.MicroTimestamp"), 1_700_000_000_000_001, "2023-11-14T22:13:20.000001Z"),
    (field(f"{TIME}.NanoTimestamp"), 1_700_000_000_000_001_999, "2023-11-14T22:13:20.000001Z"),
    (field(f"{TIME}.ZonedTimestamp"), "2023-11-14T22:13:20+01:00", "2023-11-14T22:13:20+01:00"),
    (field(f"{TIME}.Time"), 500, "00:00:00.500000"),
    (field(f"{TIME}.MicroTime"), 43_200_000_000, "12:00:00"),
    (field(f"{TIME}.NanoTime"), 1_000, "00:00:00.000001"),
    (field(f"{CONNECT}.Date"), 0, "1970-01-01"),
    (field(f"{CONNECT}.Timestamp"), -1, "1969-12-31T23:59:59.999000Z"),
    (field(f"{CONNECT}.Time"), 1_000, "00:00:01"),
    (field(f"{CONNECT}.Decimal", type="bytes", parameters={"scale": "2"}), "AfQ=", Decimal("5.00")),
    (field(f"{CONNECT}.Decimal", type="bytes", parameters={"scale": "2"}), "/w==", Decimal("-0.01")),
    (field("io.debezium.data.VariableScaleDecimal"), {"scale": 3, "value": "AfQ="}, Decimal("0.500")),
    (field("io.debezium.data.Json"), '{"a":1}', '{"a":1}'),
    ({"field": "a", "type": "array", "items": {"name": f"{TIME}.Date"}}, [0, None], ["1970-01-01", None]),
    (
        {"field": "a", "type": "struct", "fields": [{"field": "b", "name": f"{TIME}.Date"}]},
        {"b": 1},
        {"b": "1970-01-02"},
    ),
    ({"field": "a", "type": "int32"}, 5, 5),
]


@pytest.mark.parametrize(("schema", "came", "value"), CASES, ids=[str(case[0])[:60] for case in CASES])
def test_a_value_has_the_meaning_of_its_schema(schema: Any, came: Any, value: Any) -> None:
    assert row_values({"a": came}, {"fields": [schema]}) == {"a": value}


@pytest.mark.parametrize(
    ("schema", "came"),
    [
        (field(f"{TIME}.Date"), "soon"),
        (field(f"{TIME}.Date"), True),
        (field(f"{TIME}.MicroTimestamp"), 9_223_372_036_825_200_000),  # infinity in PostgreSQL
        (field(f"{TIME}.Time"), -1),
        (field(f"{CONNECT}.Decimal", parameters={"scale": "two"}), "AfQ="),
        (field(f"{CONNECT}.Decimal", parameters=7), "NaN"),
        (field("io.debezium.data.VariableScaleDecimal"), {"scale": {}, "value": 1}),
        ({"field": "a", "name": ["x"]}, 1),
    ],
)
def test_a_value_that_is_not_what_its_schema_says_stays(schema: Any, came: Any) -> None:
    try:
        assert row_values({"a": came}, {"fields": [schema]}) == {"a": came}
    except KeyError:
        pytest.fail("a value stopped its message")


@pytest.mark.parametrize("schema", [None, [], {}, {"fields": 7}, {"fields": [None, {"field": 7}]}])
def test_without_a_schema_values_stay(schema: Any) -> None:
    assert row_values({"a": 19_675}, schema) == {"a": 19_675}
    assert part_of(schema, "after") is None
