"""A console on an empty stack, and the browser that has opened it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.console.opened_console import console_on, opened
from tests.workflows.empty_stack import empty_stack

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from workflows.console.answering import Console


@pytest.fixture
def console(aws: str) -> Console:
    return console_on(empty_stack(aws))


@pytest.fixture
def browser(console: Console) -> TestClient:
    return opened(console)
