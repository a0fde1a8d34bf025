"""The key columns of a contract, and what they have to be."""

from pathlib import Path

import pytest

from expectations.odcs import load_contract
from tests.expectations.contract_files import AMOUNT_AT, VALID, changed, load, notes, problems, write

KEY = "        primaryKey: true\n"
KEY_AT = "schema[0].properties[0]"


def test_key_columns_are_ordered_by_their_positions(tmp_path: Path) -> None:
    text = VALID.replace(KEY, f"{KEY}        primaryKeyPosition: 2\n")
    first = f"logicalType: timestamp\n{KEY}        primaryKeyPosition: 1\n"

    contract = load_contract(write(tmp_path, text.replace("logicalType: timestamp\n", first)))

    assert contract.key == ("changed_at", "order_id")


@pytest.mark.parametrize(
    ("old", "new", "path", "rule"),
    [
        (KEY, "", "schema[0].properties", "key-present"),
        (KEY, f"{KEY}        primaryKeyPosition: 0\n", f"{KEY_AT}.primaryKeyPosition", "key-position"),
        (f"        logicalType: integer\n{KEY}", f"        logicalType: number\n{KEY}", KEY_AT, "key-type"),
        (
            "- name: amount\n",
            "- name: amount\n        primaryKeyPosition: 2\n",
            f"{AMOUNT_AT}.primaryKeyPosition",
            "key-position",
        ),
    ],
)
def test_a_key_that_is_not_valid_is_reported(
    tmp_path: Path, old: str, new: str, path: str, rule: str
) -> None:
    (problem,) = problems(tmp_path, changed(old, new))

    assert (problem.path, problem.rule) == (path, rule)


def test_a_key_column_is_required_without_saying_so(tmp_path: Path) -> None:
    contract = load(tmp_path, f"{KEY}        required: true", KEY.rstrip())

    assert contract.column("order_id").required
    assert contract.rules[0].name == "order_id.required"


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        (
            f"{KEY}        required: true",
            f"{KEY}        required: false",
            f"{KEY_AT}.required",
            "a key column is required, whatever this says",
        ),
        (
            "- name: amount\n",
            "- name: amount\n        unique: true\n",
            f"{AMOUNT_AT}.unique",
            "it is not enforced: a batch of changes cannot show that a column outside the key is unique",
        ),
    ],
)
def test_what_a_key_does_not_keep_is_noted(
    tmp_path: Path, old: str, new: str, path: str, message: str
) -> None:
    assert notes(tmp_path, changed(old, new)) == [(path, message)]
