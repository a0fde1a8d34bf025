"""Access patterns by themselves: their index, their operators, how messages name them."""

import pytest

from expectations.access_patterns import AccessPattern, operators


@pytest.mark.parametrize(
    ("pattern", "index", "text"),
    [
        (AccessPattern("by_store", "store_id"), "by.store_id", "by_store (store_id)"),
        (AccessPattern("by_store", "store_id", "at"), "by.store_id.at", "by_store (store_id, optionally at)"),
    ],
)
def test_the_columns_name_the_index(pattern: AccessPattern, index: str, text: str) -> None:
    assert (pattern.index, str(pattern)) == (index, text)


def test_only_texts_can_be_compared_by_their_beginning() -> None:
    assert set(operators("string")) - set(operators("timestamp")) == {"begins_with"}
