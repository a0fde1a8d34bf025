"""Deletes a stack, says first what goes and what stays, and afterwards how to adopt what has stayed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflows.deploy import stacks, states
from workflows.deploy.account import pages
from workflows.deploy.errors import DeployError
from workflows.deploy.states import Next, state_of
from workflows.deploy.template import expand, parse, resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflows.deploy.account import Account
    from workflows.deploy.stacks import Stack


@dataclass(frozen=True, slots=True)
class Held:
    """A resource that a stack has now."""

    logical_id: str
    physical_id: str
    type: str
    stays: bool


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a deletion does with each resource of a stack."""

    stack: Stack
    held: tuple[Held, ...]

    @property
    def kept(self) -> list[Held]:
        """What stays, without a stack."""
        return [one for one in self.held if one.stays]

    def lines(self) -> Iterator[str]:
        """It for people."""
        if meaning := state_of(self.stack).meaning:
            yield f"The stack {self.stack.name} is in the state {self.stack.status}: {meaning}."
        kinds = Counter(one.type for one in self.held if not one.stays)
        yield f"It deletes {kinds.total()} resources:"
        yield from (f"  {count:>4}  {kind}" for kind, count in sorted(kinds.items()))
        yield f"It leaves {len(self.kept)} resources with all they hold, and AWS bills them:"
        yield from _listed(self.kept)

    def afterwards(self) -> Iterator[str]:
        """How to get back what has stayed, or to be rid of it."""
        yield f"The stack {self.stack.name} is deleted. These have stayed:"
        yield from _listed(self.kept)
        yield f"To use them again, within 90 days: glueline deploy --stack {self.stack.name}"
        yield (
            "To be rid of them: remove the deletion protection of tables and user pool, empty the buckets, "
            "delete all of these, and schedule the deletion of the keys last: without its key, no copy of "
            "the data can be read."
        )


def plan_destruction(account: Account, name: str) -> Destruction:
    """What a deletion of the stack would do. Raises DeployError if there is none, or if it is busy."""
    cloudformation = account.client("cloudformation")
    stack = stacks.find(cloudformation, name)
    if stack is None:
        raise DeployError(
            f"Expected a stack {name} in account {account.id}, region {account.region}, found none. Nothing "
            "was changed."
        )
    if state_of(stack).next is Next.WAIT:
        raise states.refuse(stack)
    text = stacks.template_of(cloudformation, stack) if stack.status != "REVIEW_IN_PROGRESS" else ""
    wanted = resources(expand(parse(text), account.place(name), stack.parameters)) if text else {}
    held = tuple(
        Held(
            one["LogicalResourceId"],
            one.get("PhysicalResourceId", ""),
            one["ResourceType"],
            one["LogicalResourceId"] in wanted and wanted[one["LogicalResourceId"]].is_retained,
        )
        for one in pages(cloudformation, "list_stack_resources", "StackResourceSummaries", StackName=stack.id)
        if one["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")
    )
    return Destruction(stack, held)


def destroy(
    account: Account,
    destruction: Destruction,
    report: Callable[[str], None],
    count: Callable[[int], None] = lambda left: None,
    *,
    leave: bool,
) -> None:
    """Delete the stack. With `leave`, resources that refuse to be deleted stay too. Raises DeployError.

    `count` is called with the number of resources that are left to delete.
    """
    left = {one.logical_id for one in destruction.held if not one.stays}
    count(len(left))

    def done(logical_id: str) -> None:
        left.discard(logical_id)
        count(len(left))

    cloudformation = account.client("cloudformation")
    states.delete(cloudformation, destruction.stack, report, done, leave_what_refuses=leave)


def _listed(held: list[Held]) -> Iterator[str]:
    yield from (f"  {one.physical_id}  {one.logical_id} ({one.type})" for one in held)
