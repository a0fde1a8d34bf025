"""The refusals of AWS Glue, under the names of its API, for which AWS SDKs raise exceptions of their own.

They are answers of the emulated API and never leave the emulator, so they do not derive from GluelineError.
"""

from typing import ClassVar


class GlueError(Exception):
    """Base of all refusals; `code` is the error name that AWS SDKs raise for it."""

    code: ClassVar[str] = "InternalServiceException"


class InvalidInput(GlueError):
    """Raised when a request or a definition contains something that Glue does not accept."""

    code = "InvalidInputException"


class EntityNotFound(GlueError):
    """Raised when no job, trigger, workflow or run has the requested name."""

    code = "EntityNotFoundException"


class AlreadyExists(GlueError):
    """Raised when a name is created a second time."""

    code = "AlreadyExistsException"


class ConcurrentRunsExceeded(GlueError):
    """Raised when a job or workflow already has as many active runs as it allows."""

    code = "ConcurrentRunsExceededException"


class JobRunInTerminalState(GlueError):
    """Raised when a run that has ended is to be stopped."""

    code = "JobRunInTerminalStateException"


class UnknownOperation(GlueError):
    """Raised for operations about jobs, triggers and workflows that the local Glue does not implement."""

    code = "UnknownOperationException"
