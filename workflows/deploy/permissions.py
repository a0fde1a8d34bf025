"""Whether the caller may do what CloudFormation does with the caller's credentials."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from workflows.deploy.findings import fine, unknown, warning
from workflows.deploy.schemas import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflows.deploy.account import Account
    from workflows.deploy.findings import Finding
    from workflows.deploy.template import Resource

_DEPLOYING: Final = (
    *(
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DescribeChangeSet",
    ),
    *("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents", "cloudformation:GetTemplate"),
    *("cloudformation:ListStacks", "cloudformation:ListStackResources"),
    *("s3:PutObject", "s3:GetObject", "s3:ListBucket"),
)
_SUBJECT: Final = "permissions"
_PER_CALL: Final = 100
_SHOWN: Final = 8


def permissions(account: Account, resources: Iterable[Resource]) -> Iterator[Finding]:
    """Ask IAM's simulator about every action that making these resources takes.

    It is asked about any resource, and does not know the policies of buckets. So yes is no promise, and no is
    a warning.
    """
    if account.caller.endswith(":root"):
        yield fine(_SUBJECT, "you are the root user of the account, who may do everything")
        return
    iam = account.client("iam")
    source = principal(iam, account.caller)
    if source is None:
        yield unknown(_SUBJECT, f"{account.caller} is neither a user nor a role: IAM can't simulate it")
        return
    actions = sorted({*_DEPLOYING, *needed_actions(resources)})
    denied = [
        result["EvalActionName"]
        for some in batched(actions, _PER_CALL, strict=False)
        for result in iam.simulate_principal_policy(PolicySourceArn=source, ActionNames=list(some))[
            "EvaluationResults"
        ]
        if result["EvalDecision"] != "allowed"
    ]
    if denied:
        more = f" and {len(denied) - _SHOWN} more" if len(denied) > _SHOWN else ""
        yield warning(
            _SUBJECT,
            f"IAM's simulator denies {source} {', '.join(denied[:_SHOWN])}{more}. If your policies allow "
            "them for certain resources only, it can't know. Otherwise use a role that may create stacks, "
            "roles and everything in the template.",
        )
    else:
        yield fine(_SUBJECT, f"IAM allows all {len(actions)} actions that making the stack takes")


def needed_actions(resources: Iterable[Resource]) -> set[str]:
    """The actions that CloudFormation takes to make resources, as the schemas of their types name them."""
    handlers = (schema(kind).get("handlers", {}) for kind in {resource.type for resource in resources})
    needed = (handler.get("create", {}).get("permissions", ()) for handler in handlers)
    return {action for actions in needed for action in actions if "*" not in action}


def principal(iam: Any, caller: str) -> str | None:
    """The user or role whose policies decide for the caller; the session of a role has no policies itself."""
    kind, _, rest = caller.split(":", 5)[5].partition("/")
    if kind == "assumed-role":
        role: str = iam.get_role(RoleName=rest.partition("/")[0])["Role"]["Arn"]  # with the role's path
        return role
    return caller if kind in ("user", "role") else None
