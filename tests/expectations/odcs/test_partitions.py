from pathlib import Path

import pytest

from expectations.contract import Partition
from expectations.odcs import load_contract
from tests.expectations.contract_files import changed, load, problems, write

TRANSFORM = "          - {property: partitionTransform, value: days}\n"


@pytest.mark.parametrize("transform", ["identity", "years", "months", "days", "hours", "bucket[16]"])
def test_a_transform_of_iceberg_is_accepted(tmp_path: Path, transform: str) -> None:
    contract = load(tmp_path, "value: days", f"value: '{transform}'")

    assert contract.partitions == (Partition("changed_at", transform),)


@pytest.mark.parametrize(
    "transform", ["day", "bucket", "bucket[0]", "bucket[x]", "days[2]", "truncate[4]", "5", ""]
)
def test_any_other_transform_is_refused(tmp_path: Path, transform: str) -> None:
    (problem,) = problems(tmp_path, changed("value: days", f"value: '{transform}'"))

    assert problem.path == "schema[0].properties[2].customProperties[0].value"
    assert problem.rule == "partition-transform"


def test_a_partitioned_column_without_transform_is_partitioned_by_its_value(tmp_path: Path) -> None:
    contract = load(tmp_path, "        customProperties:\n" + TRANSFORM, "")

    assert contract.partitions == (Partition("changed_at", "identity"),)


def test_partitions_go_by_their_positions(tmp_path: Path) -> None:
    second = "- name: changed_at\n        partitionKeyPosition: 2\n"
    first = "- name: order_id\n        partitioned: true\n        partitionKeyPosition: 1\n"
    text = changed("- name: changed_at\n", second).replace("- name: order_id\n", first)

    partitions = load_contract(write(tmp_path, text)).partitions

    assert [partition.column for partition in partitions] == ["order_id", "changed_at"]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("        partitioned: true\n", "", "partitioned"),
        ("- name: amount\n", "- name: amount\n        partitionKeyPosition: 1\n", "partitioned"),
        (
            "- name: order_id\n",
            "- name: order_id\n        partitioned: true\n        partitionKeyPosition: 2\n",
            "partition-position",
        ),
    ],
)
def test_properties_of_a_partition_need_each_other(tmp_path: Path, old: str, new: str, rule: str) -> None:
    (problem,) = problems(tmp_path, changed(old, new))

    assert problem.rule == rule


@pytest.mark.parametrize(
    ("transform", "name"),
    [
        ("years", "changed_at_year"),
        ("months", "changed_at_month"),
        ("days", "changed_at_day"),
        ("hours", "changed_at_hour"),
        ("bucket[4]", "changed_at_bucket"),
    ],
)
def test_no_column_has_the_name_of_a_partition_field(tmp_path: Path, transform: str, name: str) -> None:
    text = changed("- name: amount\n", f"- name: {name}\n").replace("value: days", f"value: '{transform}'")

    (problem,) = problems(tmp_path, text)

    assert (problem.path, problem.rule, problem.message) == (
        "schema[0].properties[2].customProperties[0].value",
        "partition-name",
        f"expected no column {name}, as Iceberg gives this name to the partition field, got one; rename it, "
        "or use another transform",
    )
