"""The template's stack in the CloudFormation of the embedded AWS: its values, and why an update failed."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from workflows.local.base.errors import StackError
from workflows.local.lifecycle.clients import client

_STACK: Final = "AWS::CloudFormation::Stack"
_SETTLE_SECONDS: Final = 60
_PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True)
class DeployedStack:
    """The stack of a name, at the address of an embedded AWS."""

    endpoint: str
    name: str

    @cached_property
    def _cloudformation(self) -> Any:
        return client("cloudformation", self.endpoint)

    def outputs(self) -> dict[str, str]:
        """The outputs of the template."""
        return {one["OutputKey"]: one["OutputValue"] for one in self._description().get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """The parameters of the last deployment that succeeded."""
        found = self._description().get("Parameters", [])
        return {one["ParameterKey"]: one["ParameterValue"] for one in found}

    def last_update(self) -> object:
        """When the last update began; the same as before if a deployment has not reached CloudFormation."""
        return self._description().get("LastUpdatedTime")

    def status(self) -> str:
        """The status as CloudFormation names it."""
        return str(self._description()["StackStatus"])

    def settle(self) -> str:
        """End what an interrupted or failed deployment has left; returns the status that follows.

        Raises StackError if it takes too long.
        """
        match self.status():
            case "UPDATE_IN_PROGRESS":
                self._cloudformation.cancel_update_stack(StackName=self.name)
            case "UPDATE_ROLLBACK_FAILED":
                self._cloudformation.continue_update_rollback(StackName=self.name)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (status := self.status()).endswith("_IN_PROGRESS"):
            if time.monotonic() > deadline:
                raise StackError(
                    f"Expected the update of the stack {self.name} to end within {_SETTLE_SECONDS} s, it is "
                    f"{status}. Start the stack again: glueline down --keep, then glueline up."
                )
            time.sleep(_PAUSE_SECONDS)
        return status

    def failure(self) -> str | None:
        """What failed first in the last update, as `<resource>: <reason>`; None if nothing did."""
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        found = None
        for event in events:  # the newest first
            if event["ResourceType"] == _STACK and event["ResourceStatus"] == "UPDATE_IN_PROGRESS":
                break
            if event["ResourceStatus"].endswith("_FAILED"):
                found = (
                    f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
                )
        return found

    def _description(self) -> dict[str, Any]:
        description: dict[str, Any] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return description
