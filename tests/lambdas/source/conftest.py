"""The stack of the source."""

import pytest

from lambdas.source import app
from lambdas.source.settings import Settings
from tests.lambdas.clock import Clock
from tests.lambdas.loopback import Loopback
from tests.lambdas.source.stack import (
    READER,
    Queue,
    Stack,
    Topic,
)


@pytest.fixture
def stack(loopback: Loopback) -> Stack:
    return Stack(loopback)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def wiring(stack: Stack, clock: Clock, queue: Queue, topic: Topic) -> app.Wiring:
    names = (
        "DATA_API_URL",
        "TOKEN_URL",
        "USER_POOL_ID",
        "CLIENT_ID",
        "DEAD_LETTER_QUEUE_URL",
        "ALERT_TOPIC_ARN",
    )
    settings = Settings.from_env({name: name.lower() for name in names})
    return app.Wiring(settings, READER, stack.api(clock), queue, topic)
