"""What a command knows of the stack that it speaks to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.expectations.contract_files import SOUND, write
from workflows.local.listening import listen
from workflows.target import local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Where something listens, as a stack that lives does."""
    with listen() as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_the_contracts_of_the_local_stack_are_those_that_were_deployed(tmp_path: Path, endpoint: str) -> None:
    write(tmp_path, SOUND)
    file = tmp_path / "stack.json"
    stack = {
        "region": "us-east-1",
        "outputs": {},
        "endpoint_url": endpoint,
        "contracts": str(tmp_path),
    }
    file.write_text(json.dumps(stack))

    assert list(local(file).contracts()) == ["orders"]


def test_a_stack_that_does_not_say_has_the_contracts_of_the_checkout(tmp_path: Path, endpoint: str) -> None:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"region": "us-east-1", "outputs": {}, "endpoint_url": endpoint}))

    assert set(local(file).contracts()) == {"households", "products", "transactions"}
