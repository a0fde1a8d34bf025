"""Change sets of CloudFormation: made, shown, executed, or discarded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.deploy import stacks
from workflows.deploy.account import pages
from workflows.deploy.errors import DeployError
from workflows.deploy.stacks import follow, known_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflows.deploy.stacks import Stack

CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")  # roles; the two transforms
_EMPTY: Final = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True)
class Change:
    """What CloudFormation will do with a resource."""

    action: str  # Add, Modify, Remove, Import, Dynamic
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = ""  # True, False, Conditional

    @property
    def is_loss(self) -> bool:
        """Whether the resource that exists now is replaced or removed."""
        return self.action == "Remove" or self.replacement in ("True", "Conditional")

    def __str__(self) -> str:
        replaced = {"True": ", replaced", "Conditional": ", perhaps replaced"}.get(self.replacement, "")
        return f"{self.action} {self.logical_id} ({self.type}){replaced}"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that can be executed."""

    id: str
    stack_id: str
    kind: str  # CREATE, UPDATE or IMPORT
    changes: tuple[Change, ...]


def make(  # noqa: PLR0913, PLR0917 -- the parameters of one call to AWS
    cloudformation: Any,
    stack: str,
    kind: str,
    template: Mapping[str, str],
    parameters: Sequence[Mapping[str, Any]] = (),
    resources_to_import: Sequence[Mapping[str, Any]] = (),
    *,
    adopts_named: bool = False,
) -> ChangeSet | None:
    """Make a change set and wait for it; None if nothing would change. Raises DeployError.

    `template` has TemplateURL or TemplateBody. With `adopts_named`, resources whose names exist already are
    taken in, if the template retains them.
    """
    name = f"glueline-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    imports: dict[str, Any] = {"ImportExistingResources": True} if adopts_named else {}
    if resources_to_import:
        imports["ResourcesToImport"] = list(resources_to_import)
    try:
        made = cloudformation.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType=kind,
            Parameters=list(parameters),
            Capabilities=list(CAPABILITIES),
            Description="Made by glueline",
            **template,
            **imports,
        )
    except ClientError as error:
        raise DeployError(
            f"CloudFormation refused the template or its parameters: {error.response['Error']['Message']} "
            "Nothing was changed."
        ) from error
    described = _await_made(cloudformation, made["Id"])
    change_set = ChangeSet(made["Id"], made["StackId"], kind, _changes(cloudformation, made["Id"]))
    if described["Status"] == "CREATE_COMPLETE" and described["ExecutionStatus"] == "AVAILABLE":
        return change_set
    reason = described.get("StatusReason", "")
    discard(cloudformation, change_set)
    if any(text in reason for text in _EMPTY):
        return None
    raise DeployError(f"CloudFormation can't make these changes: {reason or described} Nothing was changed.")


def execute(
    cloudformation: Any,
    change_set: ChangeSet,
    report: Callable[[str], None],
    count: Callable[[int], None] = lambda left: None,
) -> Stack:
    """Execute a change set and wait for its end; the stack then. Raises DeployError, with the causes.

    `count` is called with the number of changes that are left.
    """
    left = {change.logical_id for change in change_set.changes}
    count(len(left))

    def done(logical_id: str) -> None:
        left.discard(logical_id)
        count(len(left))

    known = known_events(cloudformation, change_set.stack_id)
    cloudformation.execute_change_set(ChangeSetName=change_set.id)
    _await_begun(cloudformation, change_set)
    ended, failures = follow(cloudformation, change_set.stack_id, known, report, done)
    if ended.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        return ended
    causes = "\n".join(f"  {failure}" for failure in failures) or f"  {ended.reason or 'no reason given'}"
    raise DeployError(
        f"The stack {ended.name} was not deployed, and is in the state {ended.status}. The "
        f"causes:\n{causes}\nCorrect them, then run this again: it says what it does about that state, and "
        "asks."
    )


def discard(cloudformation: Any, change_set: ChangeSet) -> None:
    """Delete a change set, and the stack without resources that CloudFormation made for it."""
    stack = stacks.find(cloudformation, change_set.stack_id)
    if stack is not None and stack.status == "REVIEW_IN_PROGRESS":
        cloudformation.delete_stack(StackName=change_set.stack_id)  # with its change sets
        return
    cloudformation.delete_change_set(ChangeSetName=change_set.id)


def parameters_of(given: Mapping[str, str], of_template: Mapping[str, Any], stack: Stack | None) -> list[Any]:
    """The parameters of a change set: those that are given, and the last values of the others."""
    before = set() if stack is None else set(stack.parameters)
    kept = [name for name in of_template if name in before and name not in given]
    return [
        *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
        *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
    ]


def _await_made(cloudformation: Any, change_set_id: str) -> Any:
    while True:
        described = cloudformation.describe_change_set(ChangeSetName=change_set_id)
        if described["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return described
        time.sleep(stacks.POLL_SECONDS / 2)


def _await_begun(cloudformation: Any, change_set: ChangeSet) -> None:
    """Return when the stack shows that the execution has begun: until then it has its state from before."""
    waiting = ("AVAILABLE", "UNAVAILABLE", "EXECUTE_IN_PROGRESS")
    while True:
        stack = stacks.find(cloudformation, change_set.stack_id)
        if (
            stack is not None
            and stack.status.endswith("_IN_PROGRESS")
            and stack.status != "REVIEW_IN_PROGRESS"
        ):
            return
        try:
            described = cloudformation.describe_change_set(ChangeSetName=change_set.id)
        except ClientError:  # an executed change set is gone once its stack is deleted
            return
        if described["ExecutionStatus"] not in waiting:
            return
        time.sleep(stacks.POLL_SECONDS / 5)


def _changes(cloudformation: Any, change_set_id: str) -> tuple[Change, ...]:
    found = pages(cloudformation, "describe_change_set", "Changes", ChangeSetName=change_set_id)
    return tuple(
        Change(
            one["Action"],
            one["LogicalResourceId"],
            one["ResourceType"],
            one.get("PhysicalResourceId", ""),
            one.get("Replacement", ""),
        )
        for one in (change["ResourceChange"] for change in found if "ResourceChange" in change)
    )
