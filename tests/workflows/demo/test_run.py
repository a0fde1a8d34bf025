"""What a run says of its steps, with real messages on a real queue and nothing to merge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workflows.empty_stack import empty_stack
from workflows.demo import run as module
from workflows.demo.baskets import messages

if TYPE_CHECKING:
    import pytest


def test_each_step_is_told_and_the_messages_that_are_left_to_send(
    aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = messages(100)[:25]
    monkeypatch.setattr("workflows.demo.baskets.messages", lambda lines: some)
    monkeypatch.setattr(module, "partner_files", lambda name: [])
    monkeypatch.setattr(module, "wait", lambda *_: None)
    for account in ("account_for_messages", "account_for_drops"):
        monkeypatch.setattr(module, account, lambda *_: None)
    told: list[tuple[str, int | None]] = []

    module.run(
        empty_stack(aws),
        100,
        lambda pending: None,
        lambda *step: told.append(step),
        lambda: told.append(("Spark is awaited", None)),
    )

    assert told[0] == ("reading the baskets", None)
    assert told[1] == ("sending messages and files", 25)
    numbers = [left for _, left in told if left is not None]
    assert (max(numbers), min(numbers), len(numbers)) == (25, 0, 4)  # three calls, in any order
    assert told[-3:] == [
        ("waiting for Spark", None),
        ("Spark is awaited", None),
        ("comparing the tables with the model", None),
    ]
