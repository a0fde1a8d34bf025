"""Counts the faults that tests survive. `tests/conftest.py` prints the numbers at the end."""

from collections.abc import Callable

import pytest

from tests.conftest import SURVIVED

type Survived = Callable[[str], None]


@pytest.fixture
def survived(request: pytest.FixtureRequest) -> Survived:
    """Count a fault of that kind as survived, if the whole test passes."""
    return lambda kind: request.node.user_properties.append((SURVIVED, kind))
