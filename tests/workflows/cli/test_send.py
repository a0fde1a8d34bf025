"""`glueline send`, and what it shows with `--dry-run`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.builders import transaction
from tests.workflows.cli.calling import call
from tests.workflows.empty_stack import empty_stack
from workflows.cli.send import MOST_SHOWN
from workflows.cli.showing import Step

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def event(number: int, **changed: object) -> str:
    made = {"specversion": "1.0", "id": f"e{number}", "source": "tests", "type": "transactions.upsert"}
    return json.dumps(made | {"data": transaction(**changed)}, default=str)


def test_the_lines_of_a_file_are_sent(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = empty_stack(aws)
    monkeypatch.setattr("workflows.stack.target.connect", lambda name: target)
    file = tmp_path / "messages.jsonl"
    file.write_text('{"a": 1}\n{"b": 2}\n')

    result = call("send", str(file))

    assert result.exit_code == 0
    assert result.stdout.startswith("Sent 2 messages to ")
    answer = target.client("sqs").receive_message(
        QueueUrl=target.output("InboundQueueUrl"), MaxNumberOfMessages=10
    )
    assert sorted(message["Body"] for message in answer["Messages"]) == ['{"a": 1}', '{"b": 2}']


def test_a_dry_run_shows_each_column_and_each_violation_and_sends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(f"{event(1, quantity='7')}\n{event(2, quantity=-1)}\n")

    result = call("send", str(file), "--dry-run")

    assert result.exit_code == 1
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0] == "message 1: transactions upsert, event e1, at the time of sending"
    [quantity] = [line for line in lines if line.startswith("│ quantity ")]
    assert [part.strip() for part in quantity.split("│")[1:-1]] == ["quantity", "7", "number: '7'"]
    assert lines[-4:] == [
        "message 2: transactions, event e2: contract-violation",
        "/data/quantity: -1 is less than the minimum of 0",
        "1 of 2 events keep their contract. Nothing was sent.",
        "Next: correct the messages, or the contract, and run this again.",
    ]


def test_a_dry_run_of_many_messages_shows_the_first_and_all_that_are_rejected(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    bodies = [event(number) for number in range(MOST_SHOWN + 5)]
    file.write_text("\n".join([*bodies, event(99, week="x")]))

    result = call("send", str(file), "--dry-run")

    assert result.stdout.count("transactions upsert") == MOST_SHOWN
    assert "event e99: contract-violation" in result.stdout
    assert "5 more accepted events are not shown" in result.stdout


def test_a_dry_run_as_json_has_all_events(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(event(1))

    result = call("send", str(file), "--dry-run", "--json")

    assert result.exit_code == 0
    [found] = json.loads(result.stdout)
    assert (found["dataset"], found["reason"]) == ("transactions", "")
    assert {"column": "quantity", "value": 1, "changes": []} in found["values"]


def test_a_dry_run_shows_how_many_messages_are_left(tmp_path: Path, steps: list[Step]) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text("\n".join(map(event, range(3))))

    call("send", str(file), "--dry-run")

    assert [step.name for step in steps[:2]] == ["reading the messages", "reading the contracts"]
    assert steps[2:] == [Step("checking the messages", left=left) for left in (2, 1, 0)]


def test_how_long_another_number_of_messages_took_says_nothing(tmp_path: Path, estimates: list[str]) -> None:
    file = tmp_path / "messages.jsonl"
    for number in (1, 2):
        file.write_text("\n".join(map(event, range(number))))
        call("send", str(file), "--dry-run")

    assert [name for name in estimates if "dry-run" in name] == [
        "local send --dry-run 1",
        "local send --dry-run 2",
    ]
