"""The real input of `glueline run`: the same at every call, with every kind of trouble in it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from workflows.demo import baskets
from workflows.demo.baskets import BasketChange

LINES = 700


@pytest.fixture(scope="module")
def sent() -> list[baskets.Message]:
    return baskets.messages(LINES)


def test_every_call_returns_the_same_messages(sent: list[baskets.Message]) -> None:
    assert baskets.messages(LINES) == sent


def test_some_messages_are_broken_in_every_way_and_the_rest_are_changes(sent: list[baskets.Message]) -> None:
    reasons = Counter(message.reason for message in sent)

    assert set(reasons) == {None, "broken-json", "wrong-envelope", "unknown-dataset", "contract-violation"}
    assert 0.01 < 1 - reasons[None] / len(sent) < 0.03
    assert all((message.change is None) == (message.reason is not None) for message in sent)


def test_some_messages_are_late_and_some_are_repeated(sent: list[baskets.Message]) -> None:
    newest: dict[baskets.Key, BasketChange] = {}
    late = 0
    for change in (message.change for message in sent if message.change):
        late += change.key in newest and change.version < newest[change.key].version
        newest[change.key] = change
    ids = Counter(message.event_id for message in sent)

    assert late > 0
    assert max(ids.values()) == 2


def test_the_newest_row_of_a_key_is_kept_unless_it_is_deleted() -> None:
    line = baskets.basket_lines(1)[0]
    at = line["transaction_timestamp"]
    changes = [
        BasketChange((1,), at + timedelta(days=1), {"n": "newer"}),
        BasketChange((1,), at, {"n": "older, but late"}),
        BasketChange((2,), at + timedelta(days=1), None),
        BasketChange((2,), at, {"n": "older than its delete"}),
    ]

    assert baskets.newest_rows(changes) == {(1,): {"n": "newer"}}


def test_a_line_keeps_exact_money() -> None:
    assert all(isinstance(line["sales_value"], Decimal) for line in baskets.basket_lines(LINES))
    assert sum(line["sales_value"] for line in baskets.basket_lines(3)) == Decimal("4.88")
