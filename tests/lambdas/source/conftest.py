"""The stack the source talks to."""

import pytest

from tests.lambdas.loopback import Loopback
from tests.lambdas.source.stack import Clock, Stack


@pytest.fixture
def stack(loopback: Loopback) -> Stack:
    return Stack(loopback)


@pytest.fixture
def clock() -> Clock:
    return Clock()
