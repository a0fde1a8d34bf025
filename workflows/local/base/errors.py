"""What can go wrong with a local stack and a person can repair."""

from expectations.problems import GluelineError


class StackError(GluelineError):
    """Raised when the local stack can't start or end; the message says what to do."""
