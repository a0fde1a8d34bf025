"""Where the logs of a stack are, for errors that ask people to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflows.stack.target import Target


def where_logs_are(target: Target) -> str:
    """The command that names the logs of the local stack, or the log groups of one on AWS."""
    if target.endpoint_url is not None:
        return "glueline status names them"
    return f"in CloudWatch, /aws/glue/{target.stack}/output and /aws/lambda/{target.stack}-*"
