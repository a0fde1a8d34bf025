"""A failure is one that passes or one that comes again, and reads in one line without anybody's data."""

import errno

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError
from pyspark.errors import PythonException

from jobs.lake.evolution import EvolutionRefused
from jobs.runtime.failures import PassingFailure, in_words, is_passing

OF_A_WORKER = """
An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "worker.py", line 1, in main
    process()
{}
"""


def answer(code: str, status: int) -> ClientError:
    said = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "GetObject")  # type: ignore[arg-type]  # the parts that matter


def of_a_worker(line: str) -> PythonException:
    return PythonException(OF_A_WORKER.format(line))


@pytest.mark.parametrize(
    "error",
    [
        answer("SlowDown", 503),
        answer("Whatever", 500),
        answer("TooManyRequests", 429),
        answer("ExpiredToken", 400),
        EndpointConnectionError(endpoint_url="http://aws"),
        ConnectionResetError(),
        TimeoutError(),
        OSError(errno.ENOSPC, "No space left on device"),
        of_a_worker("jobs.runtime.failures.PassingFailure: s3://raw/a: ClientError: SlowDown"),
    ],
    ids=repr,
)
def test_a_failure_of_aws_or_of_the_machine_passes(error: BaseException) -> None:
    wrapped = ValueError("while reading")
    wrapped.__cause__ = error

    assert is_passing(error)
    assert is_passing(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        answer("AccessDenied", 403),
        answer("InvalidObjectState", 403),
        ParamValidationError(report="a key of no characters"),
        KeyError("CEST"),
        MemoryError(),
        OSError("Couldn't deserialize thrift"),
        IsADirectoryError(errno.EISDIR, "Is a directory"),
        of_a_worker("KeyError: 'PassingFailure: '"),
    ],
    ids=repr,
)
def test_a_failure_of_the_data_comes_again(error: BaseException) -> None:
    assert not is_passing(error)


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
        (of_a_worker('pyarrow.lib.ArrowInvalid: not "Ada"\n\nnor this'), "ArrowInvalid: not '…'"),
        (PassingFailure("s3://raw/a: SlowDown"), "PassingFailure: s3://raw/a: SlowDown"),
        (ValueError("x" * 10_000), "ValueError: " + "x" * 388),
    ],
)
def test_a_failure_reads_in_one_line_without_what_it_quotes(error: BaseException, line: str) -> None:
    assert in_words(error) == line
