"""The stack that a command acts on: the local one or one on AWS, through the same AWS APIs."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from expectations.problems import GluelineError
from workflows.local.base.environment import act_locally
from workflows.local.base.home import DEFAULT

if TYPE_CHECKING:
    from expectations.contract import Contract

STACK_FILE: Final = DEFAULT.stack_file
LOCAL_KEY: Final = "test"  # of the administrator of the embedded AWS
_SESSION_SECONDS: Final = 43200  # the longest that the template allows
_PATIENCE_SECONDS: Final = 30  # a busy machine answers late
_CONFIG: Final = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=32)


class NoStack(GluelineError):
    """Raised when there is no stack to act on."""


@dataclass(frozen=True)
class Target:
    """A deployed stack: its region, its CloudFormation outputs and, on this machine, its endpoint.

    A stack on AWS also has its name and account.
    """

    region: str
    outputs: dict[str, str]
    endpoint_url: str | None = None
    stack: str = ""
    account: str = ""
    deployed_contracts: Path | None = None  # the folder with the contracts of the local stack
    role: str | None = None  # of the local stack; without one, its clients are an administrator's

    @property
    def is_on_aws(self) -> bool:
        return self.endpoint_url is None

    @property
    def description(self) -> str:
        """The stack on AWS in words: what a user has to know before a command acts on it."""
        return f"stack {self.stack}, account {self.account}, region {self.region}"

    def contracts(self) -> dict[str, Contract]:
        """The contracts as deployed to the local stack or, for a stack on AWS, those of the checkout.

        Raises ContractError.
        """
        from expectations.odcs import load_contracts

        return load_contracts(self.deployed_contracts)

    def client(self, service: str) -> Any:
        """A client of an AWS service, the same one each time.

        Typed as Any: boto3 creates its classes at run time.
        """
        return _client(service, self.region, self.endpoint_url, self.role)

    def credentials(self) -> Any:
        """The credentials of its clients: `access_key`, `secret_key`, `token`."""
        return _session(self.region, self.endpoint_url, self.role).get_credentials()

    def as_operator(self) -> Target:
        """The local stack, used with its operator's role as a stack on AWS would be."""
        return replace(self, role=self.outputs.get("OperatorRoleArn"))

    def output(self, name: str) -> str:
        """One CloudFormation output. Raises NoStack if the deployed template is too old to have it."""
        if name not in self.outputs:
            raise NoStack(
                f"The stack has no output {name}: another version of the template is deployed. Deploy again."
            )
        return self.outputs[name]


@cache
def _client(service: str, region: str, endpoint_url: str | None, role: str | None) -> Any:
    return _session(region, endpoint_url, role).client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=endpoint_url,
        config=_CONFIG,
    )


@cache
def _session(region: str, endpoint_url: str | None, role: str | None) -> boto3.Session:
    """A session of the caller or, on the local stack, of its administrator or of a role."""
    if endpoint_url is None:
        return boto3.Session(region_name=region)
    administrator = boto3.Session(LOCAL_KEY, LOCAL_KEY, region_name=region)
    if role is None:
        return administrator
    found = administrator.client("sts", endpoint_url=endpoint_url, config=_CONFIG).assume_role(
        RoleArn=role, RoleSessionName="glueline", DurationSeconds=_SESSION_SECONDS
    )["Credentials"]
    return boto3.Session(
        found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], region_name=region
    )


def connect(stack: str | None = None) -> Target:
    """The stack on AWS named by `stack` or by GLUELINE_STACK, else the local one.

    Raises NoStack, which says what to do if there is none.
    """
    if stack == "":
        raise NoStack("Expected the name of a stack with --stack, got an empty name.")
    name = stack or os.environ.get("GLUELINE_STACK")
    if name:
        return deployed(name)
    act_locally()
    return local().as_operator()


def local(file: Path = STACK_FILE) -> Target:
    """The stack that `glueline up` started on this machine. Raises NoStack."""
    try:
        stack = json.loads(file.read_text())
        target = Target(stack["region"], stack["outputs"], stack["endpoint_url"])
        if contracts := stack.get("contracts"):
            target = replace(target, deployed_contracts=Path(contracts))
        address = urlsplit(stack["endpoint_url"])
        host_and_port = str(address.hostname), int(address.port or 0)
    except FileNotFoundError as error:
        raise NoStack("No local stack is running. Start one: make up (or glueline up).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoStack(
            f"Expected JSON about the running stack in {file}, got something else ({error!r}). "
            "Start it again: make down, make up."
        ) from error
    try:
        socket.create_connection(host_and_port, timeout=_PATIENCE_SECONDS).close()
    except OSError as error:  # fail now: each client would retry for long
        raise NoStack(
            f"Expected the local stack at {target.endpoint_url}, got: {error.strerror or error}. "
            "Start it again: make down, make up."
        ) from error
    return target


def deployed(name: str) -> Target:
    """The stack of that name in the caller's AWS account and region. Raises NoStack."""
    try:
        session = boto3.Session()
        stacks = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NoStack(
            f"Expected the stack {name} on AWS (--stack, or GLUELINE_STACK), got: {error} "
            "Set credentials and a region (AWS_PROFILE, AWS_DEFAULT_REGION). make deploy creates a stack."
        ) from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    account = stacks[0]["StackId"].split(":")[4]
    return Target(session.region_name, outputs, stack=stacks[0]["StackName"], account=account)
