"""Counts the faults that tests survive; `tests/conftest.py` prints how many when all is done."""

from collections.abc import Callable

import pytest

from tests.conftest import SURVIVED

type Survived = Callable[[str], None]


@pytest.fixture
def survived(request: pytest.FixtureRequest) -> Survived:
    """Tell of a fault of that kind that was survived. It counts if the whole test passes."""
    return lambda kind: request.node.user_properties.append((SURVIVED, kind))
