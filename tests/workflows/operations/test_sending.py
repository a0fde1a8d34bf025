"""Messages from a file to the queue, with an AWS on this machine that behaves as SQS does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.workflows.empty_stack import empty_stack
from workflows.operations.sending import NotSent, read_messages, send

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.stack.target import Target


@pytest.fixture
def target(aws: str) -> Target:
    return empty_stack(aws)


def test_messages_of_any_size_that_sqs_takes_are_sent_together(target: Target) -> None:
    bodies = [f"{number:03}" + "x" * 100_000 for number in range(12)] + ["small"] * 25
    sent: list[int] = []

    ids = send(target, bodies, sent.append)

    sqs, queue = target.client("sqs"), target.output("InboundQueueUrl")
    found: dict[str, str] = {}
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found |= {message["MessageId"]: message["Body"] for message in messages}
    assert sum(sent) == len(ids) == 37
    assert [found[message_id] for message_id in ids] == bodies


def test_the_error_for_a_refused_message_shows_its_beginning(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"Failed": [{"Id": "1", "Code": "InvalidMessageContents", "SenderFault": True}]}
    monkeypatch.setattr(target.client("sqs"), "send_message_batch", lambda **_: refused)

    with pytest.raises(
        NotSent,
        match=r"SQS refused 1 of 2 messages: InvalidMessageContents. .* is 'bad.*send all messages again",
    ):
        send(target, ["good", "bad\x00"])


def test_a_line_is_a_message_with_any_line_ending(tmp_path: Path) -> None:
    file = tmp_path / "messages"
    file.write_bytes('\ufeff{"a": 1}\r\n\n  \n{"b": "line\u2028break"}'.encode())

    assert read_messages(file) == ['{"a": 1}', '{"b": "line\u2028break"}']


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got no message"),
        (b"\n \r\n", "got no message"),
        (b"a\nb\n\xff", "0xff in line 3"),
        ("ä".encode("latin-1"), "0xe4 in line 1"),
        ("a".encode("utf-16"), "0xff in line 1"),
    ],
)
def test_a_file_without_messages_is_refused_before_anything_is_sent(
    content: bytes, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "messages"
    file.write_bytes(content)

    with pytest.raises(NotSent, match=f"{message}.*Nothing was sent"):
        read_messages(file)


def test_sending_nothing_sends_nothing(target: Target) -> None:
    assert send(target, []) == []
    assert Counter(send(target, ["a"])).total() == 1
