"""What the members of a message say: what happened, when, and under which id."""

from typing import Any

import pytest

from lambdas.source.members import operation_of
from tests.lambdas.source.mapped import BY_RAW
from tests.lambdas.source.test_mapping import RAW_ORDER, changes, wrong


def test_the_contract_may_say_where_the_id_is() -> None:
    assert changes(BY_RAW, RAW_ORDER | {"number": 5}, id="number")[0].event_id == "5"
    assert wrong(BY_RAW, RAW_ORDER | {"number": [5]}, id="number") == [("/number", "id")]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"action": "shipped"}, [("/action", "operation")]),
        ({"action": None}, [("/action", "operation")]),
        ({"at": "soon"}, [("/at", "time")]),
        ({"at": 1_700_000_000}, [("/at", "time")]),
        ({"at": [], "action": {}}, [("/action", "operation"), ("/at", "time")]),
    ],
)
def test_what_happened_and_when_has_to_be_known(changed: Any, found: Any) -> None:
    assert wrong(BY_RAW, RAW_ORDER | changed) == found


@pytest.mark.parametrize(
    ("word", "op"),
    [
        ("INSERT", "upsert"),
        (" created ", "upsert"),
        ("u", "upsert"),
        ("REMOVE", "delete"),
        ("d", "delete"),
        ("shipped", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_a_word_says_what_happened(word: Any, op: str | None) -> None:
    assert operation_of(word) == op
