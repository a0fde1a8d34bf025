"""Errors of the local stack that its user can fix."""

from expectations.problems import GluelineError


class StackError(GluelineError):
    """Raised when the local stack can't start or end; the message says how to fix it."""
