"""Errors are retryable or final, and are reported in one line without values of rows."""

import errno

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from pyspark.errors import PythonException

from expectations.problems import GluelineError, RetryableError
from jobs.lake.evolution import EvolutionRefused
from jobs.runtime.failures import in_one_line, is_retryable

WORKER_ERROR = """
An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "worker.py", line 1, in main
    process()
{}
"""


def client_error(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")  # type: ignore[arg-type]  # the parts that matter


def worker_error(line: str) -> PythonException:
    """What the driver gets of an exception on an executor; the line names the exception."""
    return PythonException(WORKER_ERROR.format(line))


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        client_error("SlowDown", 503),
        client_error("Whatever", 500),
        client_error("TooManyRequests", 429),
        client_error("ExpiredToken", 400),
        EndpointConnectionError(endpoint_url="http://aws"),
        ConnectionResetError(),
        TimeoutError(),
        OSError(errno.ENOSPC, "No space left on device"),
        RetryableError("s3://raw/a: SlowDown"),
        worker_error("expectations.problems.RetryableError: s3://raw/a: ClientError: SlowDown"),
    ],
    ids=repr,
)
def test_an_error_of_aws_or_of_the_machine_is_retryable(error: BaseException) -> None:
    assert is_retryable(error)
    assert is_retryable(caused(ValueError("while reading"), error))


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDenied", 403),
        client_error("InvalidObjectState", 403),
        ParamValidationError(report="a key of no characters"),
        KeyError("CEST"),
        MemoryError(),
        OSError("Couldn't deserialize thrift"),
        IsADirectoryError(errno.EISDIR, "Is a directory"),
        EvolutionRefused("column amount: expected int"),
        worker_error("KeyError: 'expectations.problems.RetryableError: '"),
    ],
    ids=repr,
)
def test_an_error_of_the_data_or_of_the_code_is_final(error: BaseException) -> None:
    assert not is_retryable(error)


def test_the_class_of_an_error_of_glueline_decides_and_not_its_cause() -> None:
    assert not is_retryable(caused(GluelineError("give up"), client_error("SlowDown", 503)))
    assert is_retryable(caused(RetryableError("try again"), KeyError("CEST")))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ValueError("expected a number, got 'Ada Lovelace'\nin row 7"),
            "ValueError: expected a number, got '…'",
        ),
        (KeyError("Ada"), "KeyError: '…'"),
        (MemoryError(), "MemoryError"),
        (
            EvolutionRefused("column 'amount': expected int"),
            "EvolutionRefused: column 'amount': expected int",
        ),
        (worker_error('pyarrow.lib.ArrowInvalid: not "Ada"\n\nnor this'), "ArrowInvalid: not '…'"),
        (RetryableError("s3://raw/a: SlowDown"), "RetryableError: s3://raw/a: SlowDown"),
        (ValueError("x" * 10_000), "ValueError: " + "x" * 388),
    ],
)
def test_an_error_is_reported_in_one_line_without_quoted_values(error: BaseException, line: str) -> None:
    assert in_one_line(error) == line
