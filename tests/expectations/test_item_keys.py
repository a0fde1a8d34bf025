"""Keys of items of existing tables <-> key texts."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract import Column, Contract
from expectations.entities import Condition
from expectations.existing_table import ExistingTable
from expectations.item_keys import item_key, key_text_of_item, table_of
from expectations.keys import InvalidKey, encode_key
from tests.builders import contracts

KINDS = {"string": "S", "long": "N", "decimal(10,2)": "N", "binary": "B"}


def keyed(*kinds: str) -> Contract:
    columns = tuple(Column(f"k{number}", kind, required=True) for number, kind in enumerate(kinds))
    keys = tuple((f"K{number}", KINDS[kind]) for number, kind in enumerate(kinds))
    attributes = tuple((column.name, name) for column, (name, _) in zip(columns, keys, strict=True))
    names = tuple(column.name for column in columns)
    return Contract("samples", "1", "", columns, names, table=ExistingTable("Samples", keys, attributes))


values = {
    "string": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    "long": st.integers(-(2**63), 2**63 - 1).map(str),
    "decimal(10,2)": st.decimals(-99999999, 99999999, places=2).map(str),
    "binary": st.binary(min_size=1, max_size=5),
}


@st.composite
def keys(draw: st.DrawFn) -> tuple[Contract, dict[str, dict[str, Any]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=2))
    return keyed(*kinds), {f"K{n}": {KINDS[kind]: draw(values[kind])} for n, kind in enumerate(kinds)}


def _plain(key: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        name: Decimal(value) if kind == "N" else value
        for name, one in key.items()
        for kind, value in one.items()
    }


@given(keys())
def test_a_key_survives_its_text(keyed_item: tuple[Contract, dict[str, dict[str, Any]]]) -> None:
    contract, key = keyed_item

    text = key_text_of_item(contract, key | {"more": {"S": "x"}})

    assert _plain(item_key(contract, text)) == _plain(key)


@given(st.data())
def test_two_items_never_have_one_text(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=2))
    contract = keyed(*kinds)
    one, other = (
        {f"K{n}": {KINDS[kind]: data.draw(values[kind])} for n, kind in enumerate(kinds)} for _ in range(2)
    )

    is_one = key_text_of_item(contract, one) == key_text_of_item(contract, other)

    assert is_one == (_plain(one) == _plain(other))


def test_bytes_and_base64_are_one_key() -> None:
    contract = keyed("binary")

    texts = {key_text_of_item(contract, {"K0": {"B": value}}) for value in (b"\xfb\xff", "+/8=")}

    assert texts == {"%2B%2F8%3D"}


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("string", {}),
        ("string", {"K0": {"N": "1"}}),
        ("long", {"K0": {"S": "1"}}),
        ("long", {"K0": {"N": "1.5"}}),
        ("long", {"K0": {"N": "x"}}),
        ("decimal(10,2)", {"K0": {"N": "1.555"}}),
        ("binary", {"K0": {"B": "no base64"}}),
    ],
)
def test_another_key_is_refused(kind: str, item: dict[str, Any]) -> None:
    with pytest.raises(InvalidKey):
        key_text_of_item(keyed(kind), item)


def test_a_key_text_may_be_longer_than_that_of_a_table_of_the_stack() -> None:
    contract = keyed("string")

    assert len(key_text_of_item(contract, {"K0": {"S": "ü" * 1000}})) == 6000


def test_a_dataset_of_the_stack_has_no_existing_table() -> None:
    with pytest.raises(ValueError, match="products"):
        table_of(contracts()["products"])


def described(*formats: str) -> Contract:
    columns = tuple(Column(name, "string", required=True) for name in ("b", "a", "c"))
    entity = tuple(Condition(f"K{n}", "format", text) for n, text in enumerate(formats))
    names = tuple(name for one in entity for name in one.columns)
    kept = tuple(column for column in columns if column.name in names)
    keys = tuple((f"K{n}", "S") for n in range(len(formats)))
    table = ExistingTable("Samples", keys, tuple((name, "K0") for name in names), entity=entity)
    return Contract("samples", "1", "", kept, tuple(column.name for column in kept), table=table)


@given(st.lists(values["string"], min_size=3, max_size=3))
def test_parts_of_a_key_survive_its_text_and_a_delimiter_in_a_value_has_no_item(parts: list[str]) -> None:
    contract = described("A#{a}", "B#{b}#C#{c}")
    text = encode_key(contract, dict(zip(("a", "b", "c"), parts, strict=True)))
    key = {"K0": {"S": f"A#{parts[0]}"}, "K1": {"S": f"B#{parts[1]}#C#{parts[2]}"}}

    if "#" in "".join(parts):
        with pytest.raises(InvalidKey, match="values without #"):
            item_key(contract, text)
    else:
        assert item_key(contract, text) == key
        assert key_text_of_item(contract, key) == text


def test_an_attribute_of_another_format_has_no_key_text() -> None:
    contract = described("A#{a}", "ME")

    assert item_key(contract, "1") == {"K0": {"S": "A#1"}, "K1": {"S": "ME"}}
    for key in ({"K0": {"S": "A#1"}, "K1": {"S": "MINE"}}, {"K0": {"N": "1"}, "K1": {"S": "ME"}}, {}):
        with pytest.raises(InvalidKey, match="another item's"):
            key_text_of_item(contract, key)
