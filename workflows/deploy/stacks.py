"""A CloudFormation stack: its state, its events, and how an operation on it ends."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.deploy.account import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.deploy.account import Account

POLL_SECONDS: Final = 5.0
# What CloudFormation writes about the resources that stop because another one failed.
_CONSEQUENCES: Final = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "Resource deletion cancelled",
)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is now."""

    name: str
    id: str
    status: str
    reason: str
    parameters: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a resource of a stack."""

    id: str
    time: datetime
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str

    @property
    def is_failure(self) -> bool:
        """Whether it names a cause, and not a consequence of another failure."""
        return self.status.endswith("FAILED") and not self.reason.startswith(_CONSEQUENCES)

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.status} {self.logical_id} ({self.type}){reason}"


def find(cloudformation: Any, name: str) -> Stack | None:
    """The stack of that name or id; None if there is none. Deleted stacks have an id only."""
    try:
        [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in error.response["Error"].get("Message", ""):
            raise
        return None
    return Stack(
        found["StackName"],
        found["StackId"],
        found["StackStatus"],
        found.get("StackStatusReason", ""),
        {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])},
        {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
    )


def template_of(cloudformation: Any, stack: Stack) -> str:
    """The template as it was submitted, as text."""
    body = cloudformation.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body)  # boto3 parses JSON itself


def physical_ids(cloudformation: Any, stack: Stack) -> dict[str, str]:
    """What the resources that a stack has are called, by logical id. An import's stack has no outputs yet."""
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in pages(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName=stack.id)
        if one.get("PhysicalResourceId") and one["ResourceStatus"] != "DELETE_COMPLETE"
    }


def events(cloudformation: Any, stack_id: str) -> Iterator[Event]:
    """All events of a stack, also of a deleted one (for 90 days), newest first."""
    for one in pages(cloudformation, "describe_stack_events", "StackEvents", StackName=stack_id):
        yield Event(
            one["EventId"],
            one["Timestamp"],
            one.get("LogicalResourceId", ""),
            one.get("PhysicalResourceId", ""),
            one.get("ResourceType", ""),
            one.get("ResourceStatus", ""),
            one.get("ResourceStatusReason", ""),
        )


def known_events(cloudformation: Any, stack_id: str) -> set[str]:
    """The ids of the events so far, which `follow` passes over."""
    return {event.id for event in events(cloudformation, stack_id)}


def follow(
    cloudformation: Any,
    stack_id: str,
    known: set[str],
    report: Callable[[str], None],
    done: Callable[[str], None] = lambda logical_id: None,
) -> tuple[Stack, list[Event]]:
    """Wait until no operation is in progress; the stack then, and the failures since the known events.

    `report` is called with a line about each resource that is done or fails, `done` with its logical id.
    """
    failures: list[Event] = []
    while True:
        stack = find(cloudformation, stack_id)
        new = [event for event in events(cloudformation, stack_id) if event.id not in known]
        for event in reversed(new):
            known.add(event.id)
            if event.is_failure and event.physical_id != stack_id:
                failures.append(event)
            if event.is_failure or event.status.endswith("_COMPLETE"):
                done(event.logical_id)
                report(f"  {_clock(event.time)} {event}")
        if stack is None or not stack.status.endswith("_IN_PROGRESS"):
            return stack or Stack("", stack_id, "DELETE_COMPLETE", "", {}, {}), failures
        time.sleep(POLL_SECONDS)


def retained_by(account: Account, name: str) -> Iterator[Event]:
    """What deleted stacks of that name have left, newest first: CloudFormation knows them for 90 days."""
    cloudformation = account.client("cloudformation")
    deleted = [
        stack
        for stack in pages(
            cloudformation, "list_stacks", "StackSummaries", StackStatusFilter=["DELETE_COMPLETE"]
        )
        if stack["StackName"] == name
    ]
    for stack in sorted(deleted, key=_ended, reverse=True):
        for event in events(cloudformation, stack["StackId"]):
            if event.status == "DELETE_SKIPPED":
                yield event


def _ended(stack: Any) -> datetime:
    ended: datetime = stack.get("DeletionTime") or stack["CreationTime"]
    return ended


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%H:%M:%S")
