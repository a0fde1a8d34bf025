"""Changes the embedded Lambda so that functions run as on AWS.

They use private names of the pinned MiniStack; a missing name is an error at the start (`internals`).
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate, islice, takewhile
from pathlib import Path
from typing import Any, Final

from workflows.local.ministack.internals import require

_INVOCATION_BYTES: Final = 6 * 1024 * 1024  # the most that Lambda accepts in one event


def isolate_lambdas() -> None:
    """Run Lambdas on the bare interpreter: what a function's package lacks is missing, as it is on AWS.

    By default MiniStack runs them in its own environment, which has boto3, pydantic and others.
    """
    from ministack.core import lambda_runtime

    _, script = require(lambda_runtime, "_detect_runtime_binary")("python3.13")
    bare: str = getattr(sys, "_base_executable", sys.executable)

    def bare_python(runtime: str) -> tuple[str, str]:
        return (bare, script) if runtime.startswith("python") else ("", "")

    lambda_runtime._detect_runtime_binary = bare_python


def limit_lambdas(at_once: int) -> None:
    """Run at most so many invocations of one function at once; further ones wait.

    MiniStack starts a process for each, as AWS does. On two cores, ten cold starts at once take so long that
    their callers time out and send everything again. No function of the template calls itself, so waiting
    can't deadlock.
    """
    from ministack.services import lambda_svc

    execute = require(lambda_svc, "_execute_function_warm")
    slots: dict[str, threading.BoundedSemaphore] = {}

    def execute_in_turn(function: dict[str, Any], *more: Any) -> Any:
        name = _function_name(function)
        with slots.setdefault(name, threading.BoundedSemaphore(at_once)):
            return execute(function, *more)

    lambda_svc._execute_function_warm = execute_in_turn


def finish_invocations() -> None:
    """Let the running invocations of a function end with the code that they began with, as on AWS.

    MiniStack ends them when the code or the configuration is updated, and the messages of a queue that they
    were given stay invisible for minutes.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    lock, pools, kill = (require(lambda_runtime, name) for name in ("_lock", "_workers", "kill_workers"))
    release, invalidate = (require(lambda_svc, name) for name in ("release_worker", "invalidate_worker"))
    retired: set[Any] = set()  # no longer in a pool, and ended when their invocation has ended
    updating = threading.local()

    def retire_busy_and_end_others(name: str, *more: Any, **other: Any) -> None:
        if getattr(updating, "is_on", False):
            with lock:
                retired.update(take_busy(pools, name))
        invalidate(name, *more, **other)

    def release_or_end(worker: Any) -> None:
        release(worker)
        if worker in retired:
            retired.discard(worker)
            kill([worker])

    for name in ("_update_code", "_update_config"):
        setattr(lambda_svc, name, _marking(updating, require(lambda_svc, name)))
    lambda_svc.invalidate_worker, lambda_svc.release_worker = retire_busy_and_end_others, release_or_end


def take_busy(pools: Mapping[str, list[Any]], function: str) -> list[Any]:
    """Take a function's workers that run an invocation out of their pools (`account:region:name:version`)."""
    taken: list[Any] = []
    for key, workers in pools.items():
        if key.split(":")[-2] == function:
            taken += [worker for worker in workers if worker.in_use]
            workers[:] = [worker for worker in workers if not worker.in_use]
    return taken


def _marking(updating: threading.local, update: Callable[..., Any]) -> Callable[..., Any]:
    """The update of a function, which marks its thread as updating."""

    def marked(*arguments: Any) -> Any:
        updating.is_on = True
        try:
            return update(*arguments)
        finally:
            updating.is_on = False

    return marked


def deliver_whole_batches() -> None:
    """Give a function as many messages of its queue at once as the event source mapping allows.

    MiniStack gives ten, whatever BatchSize is, so a backlog drains in small steps, each with its own calls.
    The messages that are visible are delivered at once, without `batching_windows`.
    """
    from ministack.services import sqs

    names = ("_queues_lock", "_get_q", "_expire_retained", "_dlq_sweep", "_collect_msgs")
    lock, find, expire, move_dead_letters, collect = (require(sqs, name) for name in names)
    require(sqs, "_receive_messages_for_esm")

    def receive(queue_url: str, most: int) -> list[dict[str, Any]]:
        with lock:
            queue = find(queue_url)
            expire(queue)
            move_dead_letters(queue)
            visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
            found: list[dict[str, Any]] = collect(
                queue, batch_size(queue["messages"], int(most), time.time()), visibility
            )
            return found

    sqs._receive_messages_for_esm = receive


def batch_size(messages: Iterable[Mapping[str, Any]], most: int, now: float) -> int:
    """How many of the visible messages make one invocation: at most `most`, and 6 MiB."""
    visible = (message for message in messages if message.get("visible_at", 0) <= now)
    lengths = [len(json.dumps(message["body"])) for message in islice(visible, most)]
    fitting = sum(1 for _ in takewhile(lambda total: total <= _INVOCATION_BYTES, accumulate(lengths)))
    return max(fitting, min(1, len(lengths)))


def keep_lambda_logs(folder: Path) -> None:
    """Also write the log of each function to a file: the emulated CloudWatch Logs end with the stack."""
    from ministack.services import lambda_svc

    emit: Callable[..., None] = require(lambda_svc, "_emit_lambda_logs")
    folder.mkdir(parents=True, exist_ok=True)

    def write_too(function: dict[str, Any], request_id: str, text: str, *more: Any, **other: Any) -> None:
        if text:
            with (folder / f"{_function_name(function)}.log").open("a") as log:
                log.write(text.rstrip("\n") + "\n")
        emit(function, request_id, text, *more, **other)

    lambda_svc._emit_lambda_logs = write_too


def _function_name(function: dict[str, Any]) -> str:
    name: str = function.get("config", function)["FunctionName"]
    return name
