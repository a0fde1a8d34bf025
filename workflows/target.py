"""Where a command speaks to: the local stack, or a deployed one, through the same AWS APIs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from expectations.contract import Contract

STACK_FILE: Final = Path(".local/stack.json")
LOCAL_KEY: Final = "test"  # the embedded AWS takes any key
_CONFIG: Final = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=32)


class NoStack(GluelineError):
    """Raised when there is no stack to speak to."""


@dataclass(frozen=True)
class Target:
    """A deployed stack: its region, its CloudFormation outputs and, on this machine, its endpoint."""

    region: str
    outputs: dict[str, str]
    endpoint_url: str | None = None
    deployed_contracts: Path | None = None  # the folder with those of the local stack

    def contracts(self) -> dict[str, Contract]:
        """The stack's contracts: the local stack's as they were deployed, for one on AWS the checkout's.

        Raises ContractError.
        """
        from expectations.odcs import load_contracts

        return load_contracts(self.deployed_contracts)

    def client(self, service: str) -> Any:
        """A client of an AWS service, the same one each time. Any: boto3 makes its classes at run time."""
        return _client(service, self.region, self.endpoint_url)

    def output(self, name: str) -> str:
        """One CloudFormation output; raises NoStack if the deployed template is too old to have it."""
        if name not in self.outputs:
            raise NoStack(f"The stack has no output {name}: it comes from another version. Deploy it again.")
        return self.outputs[name]


@cache
def _client(service: str, region: str, endpoint_url: str | None) -> Any:
    return _session(region, is_local=endpoint_url is not None).client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=endpoint_url,
        config=_CONFIG,
    )


@cache
def _session(region: str, *, is_local: bool) -> boto3.Session:
    """With the caller's own credentials, or the local stack's fixed ones. It keeps what it has loaded."""
    if not is_local:
        return boto3.Session(region_name=region)
    return boto3.Session(region_name=region, aws_access_key_id=LOCAL_KEY, aws_secret_access_key=LOCAL_KEY)


def connect(stack: str | None = None) -> Target:
    """The stack named (on AWS), else the one named by GLUELINE_STACK, else the local one.

    Raises NoStack with what to do if there is none.
    """
    name = stack or os.environ.get("GLUELINE_STACK")
    return deployed(name) if name else local()


def local(file: Path = STACK_FILE) -> Target:
    """The stack that `glueline up` started here."""
    try:
        stack = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise NoStack("No local stack is running. Start one: make up (or glueline up).") from error
    contracts = Path(stack["contracts"]) if stack.get("contracts") else None
    return Target(stack["region"], stack["outputs"], stack["endpoint_url"], contracts)


def deployed(name: str) -> Target:
    """The stack of that name in the caller's AWS account and region."""
    session = boto3.Session()
    stacks = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    return Target(session.region_name, outputs)
