"""Lambda functions as AWS runs them: each in a process of its own, which may be killed.

The processes are forked from one that has only imported the functions, so that each starts in milliseconds.
None lives longer than its invocation, as if each were a cold start.
"""

import multiprocessing
import os
import traceback
from collections.abc import Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any
from uuid import uuid4

SECONDS = 60  # a function that takes longer is stuck
_forked = multiprocessing.get_context("forkserver")
# `__main__` too, or each process would import it anew.
_forked.set_forkserver_preload(["__main__", "tests.faults.imported_functions"])


class FunctionFailed(Exception):
    """Raised when a function raises; the message is its traceback."""


class FunctionKilled(Exception):
    """Raised when a function's process ends without an answer."""


def invoke(function: str, event: Any, environment: Mapping[str, str]) -> Any:
    """What the handler of `lambdas.<function>.app` returns. Raises FunctionFailed or FunctionKilled."""
    ours, theirs = _forked.Pipe(duplex=False)
    process = _forked.Process(target=_handle, args=(theirs, function, event, dict(environment)))
    process.start()
    theirs.close()
    try:
        is_answered, answer = ours.recv() if ours.poll(SECONDS) else (False, "no answer in time")
    except EOFError:
        process.join()
        raise FunctionKilled(f"{function} ended with {process.exitcode}") from None
    finally:
        ours.close()
    process.kill()
    process.join()
    process.close()
    if not is_answered:
        raise FunctionFailed(answer)
    return answer


def _handle(answers: Connection, function: str, event: Any, environment: dict[str, str]) -> None:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    os.environ.update(environment)
    context = LambdaContext()
    context._aws_request_id = str(uuid4())
    try:
        answer = import_module(f"lambdas.{function}.app").handler(event, context)
    except Exception:
        answers.send((False, traceback.format_exc()))
        raise
    answers.send((True, answer))
