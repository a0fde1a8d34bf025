"""Whether the work that an error ended may succeed later unchanged, and the error in one line.

An error of Glueline says so by its class (`expectations.problems.RetryableError`). Of other errors, those of
AWS and of the machine may pass: throttling, a 5xx, the network, expired credentials, a full disk. The data is
not at fault. Every other error is caused by the data or by the code, and happens again.

A line about an error leaves this process, in alarms and in the errors of runs. It has the class and the first
line of the message, without the quoted parts of it, since those may be values of a row. The log has it all.
"""

import errno
import re
from collections.abc import Iterator
from typing import Any

from expectations.problems import GluelineError, RetryableError

# These end the process or the generator; a job never handles them as errors of its work.
ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_MOST_CHARACTERS = 400
_RETRYABLE_CODES = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InternalError", "InternalFailure", "InternalServerError",
    "InvalidAccessKeyId", "NoSuchBucket", "OperationAborted", "PermanentRedirect", "RequestLimitExceeded",
    "RequestTimeTooSkewed", "RequestTimeout", "ServiceUnavailable", "SignatureDoesNotMatch", "SlowDown",
    "TemporaryRedirect", "Throttling", "ThrottlingException", "TooManyRequestsException",
    "ProvisionedThroughputExceededException", "UnrecognizedClientException",
})  # fmt: skip
_ERRNOS_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO}
_RETRYABLE_JAVA = (
    "software.amazon.awssdk.core.",  # errors of the client: no response arrived
    "org.apache.iceberg.exceptions.CommitFailedException",
    "org.apache.iceberg.exceptions.CommitStateUnknownException",
    "org.apache.iceberg.exceptions.ServiceUnavailableException",
    "java.net.",
    "org.apache.hadoop.fs.s3a.AWSServiceThrottledException",
    "org.apache.hadoop.fs.s3a.AWSStatus500Exception",
)
_TRACEBACK = "Traceback (most recent call last)"
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def is_retryable(error: BaseException) -> bool:
    """Whether the same work may succeed later unchanged.

    The error and its causes are searched. An error of Glueline decides by its class, and its causes do not
    matter: whoever raised it knew them.
    """
    for one in _causes(error):
        if isinstance(one, GluelineError):
            return isinstance(one, RetryableError)
        if _is_of_aws_or_machine(one):
            return True
    return False


def in_one_line(error: BaseException) -> str:
    """The error's class and the first line of its message, at most 400 characters."""
    kind, message = type(error).__name__, _first_line(str(error))
    if _TRACEBACK in str(error):  # of a Python worker of Spark
        raised = _raised(str(error))
        kind, _, message = raised.partition(": ")
        kind = kind.rpartition(".")[2]
    elif hasattr(error, "java_exception"):  # py4j's own first line names an object of its connection
        message = _first_line(str(error).partition("\n: ")[2])
    if not _is_ours(error):
        message = _QUOTED.sub("'…'", message)
    return f"{kind}: {message}"[:_MOST_CHARACTERS] if message else kind


def _is_ours(error: BaseException) -> bool:
    """Whether Glueline wrote the message: it then quotes names of columns, types and files, and no values."""
    return type(error).__module__.split(".")[0] in ("jobs", "expectations")


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__


def _is_of_aws_or_machine(error: BaseException) -> bool:
    if type(error).__module__.startswith("urllib3."):
        return True
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError | TimeoutError) or error.errno in _ERRNOS_OF_THE_MACHINE
    if _TRACEBACK in str(error):  # the driver gets an error of an executor as text: the class has to be exact
        return _raised(str(error)).partition(":")[0].rpartition(".")[2] == RetryableError.__name__
    return _is_retryable_in_botocore(error) or any(map(_is_retryable_in_java, _java_causes(error)))


def _is_retryable_in_botocore(error: BaseException) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or error.response["Error"].get("Code") in _RETRYABLE_CODES
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def _java_causes(error: BaseException) -> Iterator[Any]:
    cause: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    while cause is not None:
        yield cause
        cause = cause.getCause()


def _is_retryable_in_java(cause: Any) -> bool:
    name = str(cause.getClass().getName())
    if name.startswith(_RETRYABLE_JAVA):
        return True
    if name.startswith("software.amazon.awssdk.services."):  # a response of the service
        status = cause.statusCode()
        return bool(status >= 500 or status == 429 or cause.isThrottlingException())
    return False


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _raised(text: str) -> str:
    """The line of a Python traceback that names the exception: the first that is not indented."""
    lines = text.rpartition(_TRACEBACK)[2].splitlines()[1:]
    return next((line for line in lines if line.strip() and not line.startswith((" ", "\t"))), "")
