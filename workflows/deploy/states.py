"""The states of a stack: what each means for a deployment, and what has to happen before it can go on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.deploy.errors import DeployError
from workflows.deploy.stacks import follow, known_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflows.deploy.stacks import Stack


class Next(Enum):
    """What a deployment does with a stack in some state."""

    CREATE = auto()
    UPDATE = auto()
    WAIT = auto()
    DELETE_FIRST = auto()
    CONTINUE_ROLLBACK_FIRST = auto()
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True)
class State:
    """What a state means in words, and what comes next."""

    next: Next
    meaning: str = ""


_NEVER_WORKED: Final = "its creation failed, and CloudFormation can only delete it"
_BUSY: Final = "another operation on it is in progress"

# Every state that CloudFormation has: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html
STATES: Final[dict[str, State]] = {
    # A change set was made for a stack that does not exist yet, and was never executed.
    "REVIEW_IN_PROGRESS": State(Next.CREATE, "a change set was made and never executed; it has no resources"),
    "DELETE_COMPLETE": State(Next.CREATE),
    "CREATE_COMPLETE": State(Next.UPDATE),
    "UPDATE_COMPLETE": State(Next.UPDATE),
    "IMPORT_COMPLETE": State(Next.UPDATE),
    "IMPORT_ROLLBACK_COMPLETE": State(Next.UPDATE),
    "UPDATE_ROLLBACK_COMPLETE": State(Next.UPDATE),
    "UPDATE_FAILED": State(Next.UPDATE, "its last update failed and was not rolled back"),
    "CREATE_FAILED": State(Next.DELETE_FIRST, _NEVER_WORKED),
    "ROLLBACK_COMPLETE": State(Next.DELETE_FIRST, _NEVER_WORKED),
    "ROLLBACK_FAILED": State(
        Next.DELETE_FIRST, f"{_NEVER_WORKED}; some of its resources refused to be deleted"
    ),
    "DELETE_FAILED": State(Next.DELETE_FIRST, "its deletion has begun, and some resources refused it"),
    "UPDATE_ROLLBACK_FAILED": State(
        Next.CONTINUE_ROLLBACK_FIRST, "its last update failed, and so did the way back"
    ),
    "IMPORT_ROLLBACK_FAILED": State(
        Next.GIVE_UP, "an import failed, and so did the way back: only AWS support can continue it"
    ),
    **{
        f"{operation}_IN_PROGRESS": State(Next.WAIT, _BUSY)
        for operation in (
            *("CREATE", "UPDATE", "DELETE", "IMPORT", "ROLLBACK", "UPDATE_ROLLBACK", "IMPORT_ROLLBACK"),
            *("UPDATE_COMPLETE_CLEANUP", "UPDATE_ROLLBACK_COMPLETE_CLEANUP"),
        )
    },
}


def state_of(stack: Stack | None) -> State:
    """The state of a stack, or of no stack."""
    if stack is None:
        return State(Next.CREATE)
    return STATES.get(stack.status, State(Next.GIVE_UP, "a state that this version does not know"))


def refuse(stack: Stack) -> DeployError:
    """The error for a state that this command can do nothing about."""
    state = state_of(stack)
    if state.next is Next.WAIT:
        todo = (
            "Wait until it has ended (aws cloudformation describe-stack-events --stack-name "
            f"{stack.name} shows how far it is), then run this again."
        )
    else:
        todo = f"See its events in the CloudFormation console. {stack.reason}".rstrip()
    return DeployError(
        f"The stack {stack.name} is in the state {stack.status}: {state.meaning}. {todo} Nothing was changed."
    )


def question(stack: Stack) -> str:
    """What the user is asked before `repair`."""
    said = f"The stack {stack.name} is in the state {stack.status}: {state_of(stack).meaning}."
    if state_of(stack).next is Next.CONTINUE_ROLLBACK_FIRST:
        return f"{said} {stack.reason}\nContinue its rollback"
    return f"{said} {stack.reason}\nDelete what is left of it (tables, buckets and keys with data stay)"


def repair(cloudformation: Any, stack: Stack, report: Callable[[str], None]) -> None:
    """Bring a stack into a state from which it can be created or updated. Raises DeployError."""
    if state_of(stack).next is Next.DELETE_FIRST:
        delete(cloudformation, stack, report, leave_what_refuses=True)
        return
    known = known_events(cloudformation, stack.id)
    try:
        cloudformation.continue_update_rollback(StackName=stack.id)
    except ClientError as error:
        raise DeployError(f"CloudFormation refused to continue the rollback: {error}") from error
    ended, failures = follow(cloudformation, stack.id, known, report)
    if state_of(ended).next is not Next.UPDATE:
        causes = "\n".join(f"  {failure}" for failure in failures)
        raise DeployError(
            f"The rollback of {stack.name} did not end ({ended.status}):\n{causes}\nCorrect what these name, "
            "then run this again. To leave a resource as it is: aws cloudformation continue-update-rollback "
            f"--stack-name {stack.name} --resources-to-skip NAME"
        )


def delete(
    cloudformation: Any,
    stack: Stack,
    report: Callable[[str], None],
    done: Callable[[str], None] = lambda logical_id: None,
    *,
    leave_what_refuses: bool,
) -> None:
    """Delete a stack, except what its template retains. Raises DeployError.

    `done` is called with the logical id of each resource that is deleted or refuses to be.

    With `leave_what_refuses`, resources that refuse to be deleted stay too, without a stack.
    """
    known = known_events(cloudformation, stack.id)
    retained: list[str] = []
    if stack.status == "DELETE_FAILED" and leave_what_refuses:
        retained = _refusing(cloudformation, stack.id)
    while True:
        try:
            cloudformation.delete_stack(
                StackName=stack.id, **({"RetainResources": retained} if retained else {})
            )
        except ClientError as error:
            raise DeployError(
                f"CloudFormation refused to delete {stack.name}: {error.response['Error']['Message']} "
                "Nothing was changed."
            ) from error
        ended, failures = follow(cloudformation, stack.id, known, report, done)
        if ended.status == "DELETE_COMPLETE":
            return
        refusing = _refusing(cloudformation, stack.id)
        if not leave_what_refuses or not refusing or set(refusing) <= set(retained):
            causes = "\n".join(f"  {failure}" for failure in failures)
            raise DeployError(
                f"The stack {stack.name} was not deleted ({ended.status}). These resources "
                f"refused:\n{causes}\nCorrect what they name, then run this again; or leave them without a "
                f"stack: glueline destroy --stack {stack.name} --leave"
            )
        report(f"  These refuse to be deleted, and stay: {', '.join(refusing)}")
        retained = refusing


def _refusing(cloudformation: Any, stack_id: str) -> list[str]:
    """The logical ids of the resources that refused to be deleted."""
    found = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    return [one["LogicalResourceId"] for one in found if one["ResourceStatus"] == "DELETE_FAILED"]
