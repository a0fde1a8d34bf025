"""Parameters of the template that have another name now, and those that it has no more.

CloudFormation knows no renames: a stack would lose the value that it has, and get the default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Old name -> new name, of every version. A rename of the template needs a line here.
RENAMED: Final = {"JobsWheel": "JobsCode"}


def renamed_values(before: Mapping[str, str]) -> dict[str, str]:
    """The values that a stack with these parameters has under old names, by their new names."""
    return {new: before[old] for old, new in RENAMED.items() if old in before and new not in before}


def forgotten_values(before: Mapping[str, str], deployed: Any, wanted: Any) -> dict[str, str]:
    """The values of a stack that its next template has no parameter for; defaults are no loss.

    `deployed` and `wanted` are the parameters of both templates. Any: they are JSON.
    """
    return {
        name: value
        for name, value in before.items()
        if name not in wanted and name not in RENAMED and value != str(deployed[name].get("Default"))
    }
