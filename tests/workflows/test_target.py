"""What a command knows of the stack that it speaks to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.expectations.contract_files import SOUND, write
from workflows.target import local

if TYPE_CHECKING:
    from pathlib import Path


def test_the_contracts_of_the_local_stack_are_those_that_were_deployed(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    file = tmp_path / "stack.json"
    stack = {
        "region": "us-east-1",
        "outputs": {},
        "endpoint_url": "http://localhost",
        "contracts": str(tmp_path),
    }
    file.write_text(json.dumps(stack))

    assert list(local(file).contracts()) == ["orders"]


def test_a_stack_that_does_not_say_has_the_contracts_of_the_checkout(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"region": "us-east-1", "outputs": {}, "endpoint_url": "http://localhost"}))

    assert set(local(file).contracts()) == {"households", "products", "transactions"}
