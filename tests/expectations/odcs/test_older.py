"""Documents of ODCS 3.0 mean what they say in the spellings of later versions."""

from typing import Any

import pytest

from expectations.odcs.older import modernised


def schema(**parts: Any) -> dict[str, Any]:
    return {"schema": [{"properties": [parts]}]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            {"rule": "nullCheck", "severity": "error"},
            {"metric": "nullValues", "mustBe": 0, "severity": "error"},
        ),
        (
            {"rule": "duplicateCount", "mustBeLessThan": 10, "unit": "rows"},
            {"metric": "duplicateValues", "mustBeLessThan": 10, "unit": "rows"},
        ),
        ({"rule": "rowCount", "mustBeBetween": [1, 5]}, {"metric": "rowCount", "mustBeBetween": [1, 5]}),
        (
            {"rule": "validValues", "validValues": ["pounds"]},
            {"metric": "invalidValues", "arguments": {"validValues": ["pounds"]}, "mustBe": 0},
        ),
        ({"rule": "countCheck"}, {"rule": "countCheck"}),
        ({"rule": "freshness", "mustBe": 1}, {"rule": "freshness", "mustBe": 1}),
        ({"rule": "nullCheck", "type": "custom"}, {"rule": "nullCheck", "type": "custom"}),
        ({"metric": "nullValues", "rule": "x"}, {"metric": "nullValues", "rule": "x"}),
        ("text", "text"),
    ],
)
def test_a_library_rule_is_a_metric(old: Any, new: Any) -> None:
    assert modernised(schema(quality=[old])) == schema(quality=[new])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
        ({"exclusiveMaximum": True}, {"exclusiveMaximum": True}),
        ({"exclusiveMinimum": 3}, {"exclusiveMinimum": 3}),
    ],
)
def test_a_flag_makes_a_limit_exclusive(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert modernised(schema(items={"logicalTypeOptions": old})) == schema(items={"logicalTypeOptions": new})


@pytest.mark.parametrize("raw", [{}, {"schema": None}, {"schema": ["x", {"properties": 5}]}])
def test_other_documents_are_as_they_were(raw: dict[str, Any]) -> None:
    assert modernised(raw) == raw
