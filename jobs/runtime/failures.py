"""What went wrong: whether it passes by itself, and how it reads in one line.

A failure of AWS or of the machine passes: throttling, a 5xx, the network, credentials that have to be
renewed, a full disk. The same work may succeed later, and the data is not at fault. Any other failure is of
the data or of the code, and comes again.

A line about a failure leaves this process, in alerts and in the errors of runs. It has the class and the
first line of the message, without what the message quotes: that may be a value of a row. The log has it all.
"""

import errno
import re
from collections.abc import Iterator
from typing import Any

# Not failures: they end the process, or the generator.
ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_LONGEST = 400
_PASSING_CODES = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InternalError", "InternalFailure", "InternalServerError",
    "InvalidAccessKeyId", "NoSuchBucket", "OperationAborted", "PermanentRedirect", "RequestLimitExceeded",
    "RequestTimeTooSkewed", "RequestTimeout", "ServiceUnavailable", "SignatureDoesNotMatch", "SlowDown",
    "TemporaryRedirect", "Throttling", "ThrottlingException", "TooManyRequestsException",
    "ProvisionedThroughputExceededException", "UnrecognizedClientException",
})  # fmt: skip
_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO}
_PASSING_JAVA = (
    "software.amazon.awssdk.core.",  # of the client: no answer came
    "org.apache.iceberg.exceptions.CommitFailedException",
    "org.apache.iceberg.exceptions.CommitStateUnknownException",
    "org.apache.iceberg.exceptions.ServiceUnavailableException",
    "java.net.",
    "org.apache.hadoop.fs.s3a.AWSServiceThrottledException",
    "org.apache.hadoop.fs.s3a.AWSStatus500Exception",
)
_TRACEBACK = "Traceback (most recent call last)"
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class PassingFailure(Exception):
    """Raised on an executor when AWS failed; its name is all that the driver gets of its class."""


def is_passing(error: BaseException) -> bool:
    """Whether the same work may succeed later without any change."""
    return any(map(_passes, _causes(error)))


def in_words(error: BaseException) -> str:
    """The failure in one line."""
    kind, said = type(error).__name__, _first_line(str(error))
    if _TRACEBACK in str(error):  # of a Python worker of Spark
        raised = _raised(str(error))
        kind, _, said = raised.partition(": ")
        kind = kind.rpartition(".")[2]
    elif hasattr(error, "java_exception"):  # py4j's own first line names an object of its
        said = _first_line(str(error).partition("\n: ")[2])
    if not _is_ours(error):
        said = _QUOTED.sub("'…'", said)
    return f"{kind}: {said}"[:_LONGEST] if said else kind


def _is_ours(error: BaseException) -> bool:
    """Whether the message was written here: those quote names of columns, types and files."""
    return type(error).__module__.split(".")[0] in ("jobs", "expectations")


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__


def _passes(error: BaseException) -> bool:
    if isinstance(error, PassingFailure) or type(error).__module__.startswith("urllib3."):
        return True
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError | TimeoutError) or error.errno in _OF_THE_MACHINE
    if _TRACEBACK in str(error):
        return _raised(str(error)).partition(":")[0].endswith(PassingFailure.__name__)
    return _passes_in_botocore(error) or any(map(_passes_in_java, _java_causes(error)))


def _passes_in_botocore(error: BaseException) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or error.response["Error"].get("Code") in _PASSING_CODES
    return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)


def _java_causes(error: BaseException) -> Iterator[Any]:
    cause: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    while cause is not None:
        yield cause
        cause = cause.getCause()


def _passes_in_java(cause: Any) -> bool:
    name = str(cause.getClass().getName())
    if name.startswith(_PASSING_JAVA):
        return True
    if name.startswith("software.amazon.awssdk.services."):  # what a service answered
        status = cause.statusCode()
        return bool(status >= 500 or status == 429 or cause.isThrottlingException())
    return False


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _raised(text: str) -> str:
    """The line of a Python traceback that names the exception: the first that is not indented."""
    lines = text.rpartition(_TRACEBACK)[2].splitlines()[1:]
    return next((line for line in lines if line.strip() and not line.startswith((" ", "\t"))), "")
