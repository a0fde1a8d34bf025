"""The error of a deployment."""

from expectations.problems import GluelineError


class DeployError(GluelineError):
    """Raised when a deployment can't begin or continue; the message says what to do."""
