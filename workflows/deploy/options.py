"""The options of a deployment, and which of them are refused before anything is built."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workflows.deploy.errors import DeployError
from workflows.deploy.packaging import PLATFORMS
from workflows.deploy.renamed_parameters import RENAMED
from workflows.deploy.template import COMPUTED, TEMPLATE_FILE, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

# The longest name that the template makes of the stack's is that of the rule `<stack>-failed-reconcile`, and
# EventBridge allows 64 characters.
LONGEST_STACK_NAME: Final = 47
_STACK_NAME: Final = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_RESERVED: Final = ("aws", "amazon", "cognito")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a deployment.

    A template parameter that is not given keeps its last value, or has its default.
    """

    stack: str = "glueline"
    region: str | None = None
    bucket: str | None = None
    architecture: str = "arm64"
    parameters: Mapping[str, str] = field(default_factory=dict)
    enables_streams: bool = False  # of existing tables that have none
    adopt: bool | None = None  # True: also what only has the right name; False: nothing


def check_options(options: Options) -> None:
    """Raise DeployError for an option that no account would accept."""
    if options.architecture not in PLATFORMS:
        raise DeployError(
            f"expected one of the architectures {', '.join(PLATFORMS)}, got {options.architecture!r}"
        )
    ours = set(parse(TEMPLATE_FILE.read_text())["Parameters"]) - set(COMPUTED)
    unknown = sorted(set(options.parameters) - ours)
    if renamed := [f"{name} is {RENAMED[name]} now" for name in unknown if name in RENAMED]:
        raise DeployError(f"expected the new name of each parameter: {', '.join(renamed)}")
    if unknown:
        raise DeployError(
            f"expected parameters among {', '.join(sorted(ours))}, got {', '.join(unknown)} "
            f"({', '.join(COMPUTED)} are computed; for the architecture use --architecture)"
        )
    check_stack_name(options.stack)


def check_stack_name(stack: str) -> None:
    """Raise DeployError for a name that a resource named like the stack could not have."""
    if stack != stack.lower():
        raise DeployError(
            f"expected a stack name in lower case, got {stack!r}: it becomes part of a domain name"
        )
    if not _STACK_NAME.fullmatch(stack):
        raise DeployError(
            "expected a stack name of lower-case letters, digits and hyphens that begins with a letter "
            f"and does not end with a hyphen, got {stack!r}: it becomes part of a domain name"
        )
    if len(stack) > LONGEST_STACK_NAME:
        raise DeployError(
            f"expected a stack name of up to {LONGEST_STACK_NAME} characters, got {stack!r} with "
            f"{len(stack)}: names of EventBridge rules begin with it and have 64 characters at most"
        )
    if reserved := [word for word in _RESERVED if word in stack]:
        raise DeployError(
            f"expected a stack name without {reserved[0]!r}, got {stack!r}: it becomes a domain of Cognito, "
            f"which allows none with {', '.join(_RESERVED)}"
        )
