"""What `down` deletes is counted first, in the embedded AWS itself."""

import pytest

from tests.workflows.cli.calling import call
from tests.workflows.conftest import STACK
from workflows.local.lifecycle import stack
from workflows.local.lifecycle.holdings import Holdings, holdings
from workflows.local.lifecycle.running import Stack
from workflows.stack.target import Target


def test_items_objects_messages_and_batches_are_counted(small_stack: Target, embedded_aws: str) -> None:
    running = Stack(embedded_aws, "us-east-1", small_stack.outputs, 1, "")
    before = holdings(running)
    small_stack.client("dynamodb").put_item(TableName=f"{STACK}-things", Item={"_key": {"S": "held"}})
    small_stack.client("s3").put_object(Bucket=small_stack.output("RawBucket"), Key="drops/held", Body=b"x")
    small_stack.client("s3").put_object(Bucket=small_stack.output("LakeBucket"), Key="open/wr_1", Body=b"")
    small_stack.client("sqs").send_message(QueueUrl=small_stack.output("InboundQueueUrl"), MessageBody="x")

    held = holdings(running)

    assert held == Holdings(
        before.items + 1, before.objects + 1, before.refused, before.messages + 1, before.batches + 1
    )
    assert "not merged yet:" in str(held)


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (Holdings(), "0 items, 0 RAW objects, 0 refused messages; everything is merged"),
        (
            Holdings(items=1200, objects=3, refused=1, messages=7, batches=2),
            "1,200 items, 3 RAW objects, 1 refused messages; not merged yet: 7 messages, 2 batches",
        ),
    ],
)
def test_counts_are_reported_in_words(held: Holdings, text: str) -> None:
    assert str(held) == text


def test_a_stack_that_does_not_answer_is_not_taken_for_an_empty_one() -> None:
    held = holdings(Stack("http://127.0.0.1:9", "us-east-1", {"InboundQueueUrl": "x"}, 1, ""))

    assert not held.is_known
    assert not held.is_empty
    assert "can't be counted" in str(held)


@pytest.mark.parametrize(
    ("held", "answer", "arguments", "ended"),
    [
        (Holdings(items=3), "n\n", (), False),
        (Holdings(items=3), "y\n", (), True),
        (Holdings(items=3), "", ("--yes",), True),
        (Holdings(), "", (), True),
        (Holdings(is_known=False), "n\n", (), False),
    ],
)
def test_down_asks_if_data_would_be_lost(
    held: Holdings, answer: str, arguments: tuple[str, ...], ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[str] = []

    def down(*, keep: bool) -> str:
        assert not keep
        ends.append("ended")
        return "Ended."

    monkeypatch.setattr("workflows.cli.confirming.is_interactive", lambda: True)
    monkeypatch.setattr("workflows.local.lifecycle.holdings.holdings", lambda _: held)
    monkeypatch.setattr(stack, "running_stack", lambda _: Stack("", "", {}, 1, ""))
    monkeypatch.setattr(stack, "down", down)

    result = call("down", *arguments, given=answer)

    assert ends == ["ended"] * ended
    assert result.exit_code == (0 if ended else 1)
    assert ("The stack holds" in result.stderr) == (not held.is_empty)


def test_down_without_a_terminal_requires_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.local.lifecycle.holdings.holdings", lambda _: Holdings(messages=7))
    monkeypatch.setattr(stack, "running_stack", lambda _: Stack("", "", {}, 1, ""))

    result = call("down")

    assert result.exit_code == 2
    assert "not merged yet: 7 messages" in result.stderr
    assert "--yes" in result.stderr
