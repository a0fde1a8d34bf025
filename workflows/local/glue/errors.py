"""What AWS Glue refuses, by the names its API gives: clients see them as they see AWS's own."""

from __future__ import annotations

from typing import ClassVar


class GlueError(Exception):
    """Base of all refusals; `code` is the error name that AWS SDKs raise for it."""

    code: ClassVar[str] = "InternalServiceException"


class InvalidInput(GlueError):
    """Raised when a request or a definition says something that Glue does not take."""

    code = "InvalidInputException"


class EntityNotFound(GlueError):
    """Raised when a job, trigger, workflow or run of that name is not known."""

    code = "EntityNotFoundException"


class AlreadyExists(GlueError):
    """Raised when a name is to be created a second time."""

    code = "AlreadyExistsException"


class ConcurrentRunsExceeded(GlueError):
    """Raised when a run is to start beside as many runs as the job or workflow allows."""

    code = "ConcurrentRunsExceededException"
