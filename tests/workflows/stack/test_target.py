"""What a command knows of the stack that it speaks to."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.expectations.contract_files import VALID, write
from tests.workflows.local.ministack.roles import allow, make_role
from workflows.stack.target import Target, local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stack() -> Iterator[dict[str, object]]:
    """The content of stack.json for a stack that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield {"region": "us-east-1", "outputs": {}, "endpoint_url": address}


def test_the_contracts_of_the_local_stack_are_those_that_were_deployed(
    tmp_path: Path, stack: dict[str, object]
) -> None:
    write(tmp_path, VALID)
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(stack | {"contracts": str(tmp_path)}))

    assert list(local(file).contracts()) == ["orders"]


def test_a_stack_without_deployed_contracts_has_those_of_the_checkout(
    tmp_path: Path, stack: dict[str, object]
) -> None:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(stack))

    assert set(local(file).contracts()) == {"households", "products", "transactions"}


def test_an_operator_of_the_local_stack_has_a_session_of_his_role(embedded_aws: str) -> None:
    role = make_role(embedded_aws, "operates", allow("sqs:ListQueues", "*"))
    administrator = Target("us-east-1", {"OperatorRoleArn": role}, embedded_aws)

    operator = administrator.as_operator()

    assert administrator.credentials().token is None
    assert operator.credentials().token
    assert ":assumed-role/operates/" in operator.client("sts").get_caller_identity()["Arn"]
    with pytest.raises(ClientError, match="not authorized"):
        operator.client("dynamodb").list_tables()
