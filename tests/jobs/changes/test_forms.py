"""Structs and lists are taken apart in the same way from JSON and from DynamoDB attributes."""

from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from expectations.contract import Column
from jobs.changes.forms import ATTRIBUTES, JSON, Form
from jobs.changes.types import ATTRIBUTE

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import SparkSession

TEXT = Column("c", "string")
STRUCT, ITEMS, NULL = '{"a": " x "}', '[" x ", null]', "null"
STRUCT_ATTRIBUTE, NULL_ATTRIBUTE = '{"M": {"a": {"S": " x "}}}', '{"NULL": true}'
ITEMS_ATTRIBUTE = '{"L": [{"S": " x "}, {"NULL": true}]}'


def parsed(form: Form, text: str) -> "Expression":
    return F.parse_json(F.lit(text)) if form is JSON else F.from_json(F.lit(text), ATTRIBUTE)


@pytest.mark.parametrize(
    ("form", "texts"),
    [(JSON, (STRUCT, ITEMS, NULL)), (ATTRIBUTES, (STRUCT_ATTRIBUTE, ITEMS_ATTRIBUTE, NULL_ATTRIBUTE))],
    ids=["json", "attributes"],
)
def test_both_forms_have_members_items_and_nulls(
    small_data_spark: "SparkSession", form: Form, texts: tuple[str, str, str]
) -> None:
    struct, items, null = (parsed(form, text) for text in texts)

    found = small_data_spark.range(1).select(
        F.map_keys(form.members(struct)),
        form.text(TEXT, form.members(struct)["a"]),
        F.size(form.items(items)),
        form.members(items).isNull(),
        form.items(struct).isNull(),
        form.is_set(items),
        form.is_null(null),
        form.is_null(F.get(form.items(items), F.lit(1))),
        form.is_null(struct),
    )

    assert list(found.first() or ()) == [["a"], "x", 2, True, True, False, True, True, False]


def test_a_set_is_a_list_of_its_values(small_data_spark: "SparkSession") -> None:
    given = parsed(ATTRIBUTES, '{"SS": ["b", "a"]}')

    found: Any = small_data_spark.range(1).select(ATTRIBUTES.items(given), ATTRIBUTES.is_set(given)).first()

    assert [item["S"] for item in found[0]] == ["b", "a"]
    assert found[1]
