"""Addresses of items: the key text by which parity compares them, and the way back to the item."""

from typing import Any

import pytest

from expectations.contract import Contract
from expectations.item_addresses import address, key_of, text_of
from tests.jobs.builders import ENTITIES
from tests.jobs.existing_histories import BLOBS, LEDGER

ITEMS: list[tuple[Contract, dict[str, Any], str]] = [
    (ENTITIES, {"_key": {"S": "7"}}, "7"),
    (LEDGER, {"Account": {"S": " a,b"}, "Entry": {"N": "1.5"}}, "%20a%2Cb,1.50"),
    (BLOBS, {"digest": {"B": b"\xfb\xff"}}, "%2B%2F8%3D"),
    (
        LEDGER,
        {"Account": {"S": "a"}, "Entry": {"N": "1E-3"}},
        '{"Account": {"S": "a"}, "Entry": {"N": "1E-3"}}',
    ),
]


@pytest.mark.parametrize(("contract", "key", "text"), ITEMS)
def test_an_item_has_one_text(contract: Contract, key: dict[str, Any], text: str) -> None:
    item = key | {"name": {"S": "x"}}

    assert key_of(contract, item) == key
    assert text_of(contract, item) == text


@pytest.mark.parametrize(("contract", "key", "text"), ITEMS)
def test_a_text_leads_back_to_its_item(contract: Contract, key: dict[str, Any], text: str) -> None:
    found = address(contract, text)

    assert text_of(contract, found) == text
    assert found.keys() == key.keys()


def test_a_key_of_bytes_that_is_no_key_of_the_contract_is_found_too() -> None:
    key = {"digest": {"B": b""}}

    assert address(BLOBS, text_of(BLOBS, key)) == key
