"""The Glue databases that a deployment gives a stack: named like the stack, or those that it has already.

An Iceberg table belongs to the database that it was created in. A stack that got another database would start
with empty tables, so the names of a stack never change: not by an option, and not by a version of the
template with other defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Parameter of the template, which is an output too, and how the name ends that it has by default.
DATABASES: Final = {"LakeDatabase": "lake", "OpsDatabase": "ops"}


class DatabaseChanged(GluelineError):
    """Raised when a deployment would give a running stack another database."""


def database_parameters(stack: str, running: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the databases, of a deployment with the parameters `given`.

    `running` are the outputs of the stack, none if it does not exist yet. Raises DatabaseChanged.

    >>> database_parameters("shop-dev", {}, {})
    {'LakeDatabase': 'shop_dev_lake', 'OpsDatabase': 'shop_dev_ops'}
    """
    names = {}
    for parameter, end in DATABASES.items():
        name = given.get(parameter) or running.get(parameter) or f"{stack.replace('-', '_')}_{end}"
        existing = running.get(parameter, name)
        if name != existing:
            raise DatabaseChanged(
                f"expected {parameter}={existing}, which has the tables of the stack {stack}, got {name}: a "
                f"database can't be renamed. Deploy without {parameter}, or as another stack: --stack NAME"
            )
        names[parameter] = name
    return names
