"""Every hostile message ends as it has to, among good ones that go their way."""

from collections import Counter

import pytest

from lambdas.exact_json import loads
from lambdas.source.events import DeadLetter, ValidMessage
from lambdas.source.messages import Reader
from lambdas.validation import Validators
from tests.builders import contracts
from tests.hostile.messages import ACCEPTED, MESSAGES, HostileMessage

READER = Reader(contracts(), Validators(contracts()))


@pytest.mark.parametrize("message", MESSAGES, ids=[message.wrong for message in MESSAGES])
def test_a_hostile_message_is_taken_or_refused_with_its_reason(message: HostileMessage) -> None:
    found, *others = READER.read("message-1", message.body)

    assert others == []

    if message.end == ACCEPTED:
        assert isinstance(found, ValidMessage), found
    else:
        assert isinstance(found, DeadLetter)
        first = found.violations[0]
        assert (found.reason, (first.path, first.rule)) == (message.end, message.where)


def test_what_is_taken_is_sent_on_as_json_that_the_api_reads() -> None:
    taken = [
        found
        for message in MESSAGES
        for found in READER.read("m", message.body)
        if isinstance(found, ValidMessage)
    ]

    assert Counter(loads(one.change)["op"] for one in taken)["upsert"] == len(taken) > 10


def test_no_message_says_twice_what_another_says() -> None:
    bodies = Counter(message.body for message in MESSAGES)

    assert [body for body, times in bodies.items() if times > 1] == []
    assert len(MESSAGES) >= 60
