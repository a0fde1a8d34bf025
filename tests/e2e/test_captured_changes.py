"""Changes that Debezium captured, deployed and sent as docs/start-from-debezium-or-dms.md says."""

from __future__ import annotations

import contextlib
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.new_datasets import captured_orders
from workflows.operations.dead_letters import read
from workflows.operations.sending import send
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import query

if TYPE_CHECKING:
    from workflows.stack.target import Target

PATIENCE_SECONDS: Final = 300


def rows(target: Target, expected: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of the table, as soon as they are those expected, or after a while whatever they are."""
    deadline, found = time.monotonic() + PATIENCE_SECONDS, list[tuple[Any, ...]]()
    while found != expected and time.monotonic() < deadline:
        time.sleep(0.5)
        with contextlib.suppress(QueryError):  # the table does not exist yet
            answer = query(target, "select order_id, status, total, _version from orders order by order_id")
            found = [tuple(row.values()) for row in answer.to_pylist()]
    return found


@pytest.mark.usefixtures("grown")
def test_captured_changes_reach_the_table_in_any_order(target: Target) -> None:
    before = {letter.body for letter in read(target)}
    messages = captured_orders().splitlines()

    truncate = messages[0].replace('"op": "r"', '"op": "t"')
    send(target, [truncate, *reversed(messages), *messages])

    expected = [(1001, "paid", Decimal("12.30"), 24_023_400)]
    assert rows(target, expected) == expected
    rejected = {letter.body for letter in read(target)} - before
    assert rejected == {truncate}
