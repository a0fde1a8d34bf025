"""Changes that Debezium captured, deployed and sent as docs/start-from-debezium-or-dms.md says."""

from __future__ import annotations

import contextlib
import re
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from workflows.contracts.message_draft import draft_from_messages
from workflows.local.base.home import CHECKOUT
from workflows.operations.dead_letters import read
from workflows.operations.sending import send
from workflows.query.dialect.errors import QueryError
from workflows.query.sql import query

if TYPE_CHECKING:
    from tests.e2e.checkouts import Checkout
    from workflows.stack.target import Target

DOCUMENT: Final = (CHECKOUT / "docs" / "start-from-debezium-or-dms.md").read_text()
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


def test_captured_changes_reach_the_table_in_any_order(target: Target, checkout: Checkout) -> None:
    sample = re.findall(r"(?s)```json\n(.*?)```", DOCUMENT)[0]
    file = checkout.folder / "orders.jsonl"
    file.write_text(sample)
    drafted = draft_from_messages("orders", ["order_id"], None, file)
    checkout.contract("orders").write_text(drafted.text)
    checkout.deploy()
    before = {letter.body for letter in read(target)}
    messages = sample.splitlines()

    truncate = messages[0].replace('"op": "r"', '"op": "t"')
    send(target, [truncate, *reversed(messages), *messages])

    expected = [(1001, "paid", Decimal("12.30"), 24_023_400)]
    assert rows(target, expected) == expected
    rejected = {letter.body for letter in read(target)} - before
    assert rejected == {truncate}
