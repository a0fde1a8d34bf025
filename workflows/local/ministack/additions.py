"""What the embedded AWS is taught, so that the template runs on it as on AWS.

The pinned MiniStack is reached into by private names; a name that has gone is an error at the start.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from itertools import accumulate, islice, takewhile
from typing import TYPE_CHECKING, Any, Final

from workflows.local.ministack.cloudformation import (
    glue_handlers,
    named_query_handlers,
    security_configuration_handlers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import ModuleType

    from workflows.local.glue.service import GlueService

_WORKFLOW_ARN: Final = re.compile(r"arn:aws[\w-]*:glue:[\w-]+:\d+:workflow/(?P<name>.+)")
_INVOCATION_BYTES: Final = 6 * 1024 * 1024  # what Lambda takes in one event


def deliver_to_workflows(service: GlueService) -> None:
    """Let EventBridge rules reach Glue workflows, which MiniStack does not know as targets."""
    from ministack.services import eventbridge

    invoke_other = _require(eventbridge, "_invoke_target")

    def invoke(target: dict[str, Any], event: dict[str, Any], *more: Any) -> None:
        workflow = _WORKFLOW_ARN.fullmatch(target.get("Arn", ""))
        if workflow:
            service.deliver(workflow["name"], event["EventId"])
        else:
            invoke_other(target, event, *more)

    eventbridge._invoke_target = invoke


def add_resource_types(service: GlueService) -> None:
    """Teach CloudFormation the types of the template that it lacks or stores only in part."""
    from ministack.services import athena, glue
    from ministack.services.cloudformation import provisioners

    physical_name = _require(provisioners, "_physical_name")

    def name(stack: str, logical_id: str) -> str:
        return str(physical_name(stack, logical_id, max_len=255))

    handlers = _require(provisioners, "_RESOURCE_HANDLERS")
    handlers.update(glue_handlers(service.call, name))
    handlers["AWS::Athena::NamedQuery"] = named_query_handlers(athena)
    handlers["AWS::Glue::SecurityConfiguration"] = security_configuration_handlers(glue)


def isolate_lambdas() -> None:
    """Run Lambdas on the bare interpreter: what a function's package lacks is missing here as it is on AWS.

    By default MiniStack runs them on its own environment, where boto3, pydantic and others are.
    """
    from ministack.core import lambda_runtime

    _, script = _require(lambda_runtime, "_detect_runtime_binary")("python3.13")
    bare: str = getattr(sys, "_base_executable", sys.executable)

    def bare_python(runtime: str) -> tuple[str, str]:
        return (bare, script) if runtime.startswith("python") else ("", "")

    lambda_runtime._detect_runtime_binary = bare_python


def limit_lambdas(at_once: int) -> None:
    """Let so many invocations of one function run at once; more wait their turn.

    MiniStack starts a process for each, as AWS does. On two cores ten cold starts at once take so long that
    their callers give up and send it all again. No function of ours calls itself: waiting blocks nothing.
    """
    from ministack.services import lambda_svc

    execute = _require(lambda_svc, "_execute_function_warm")
    turns: dict[str, threading.BoundedSemaphore] = {}

    def execute_in_turn(function: dict[str, Any], *more: Any) -> Any:
        name = _function_name(function)
        with turns.setdefault(name, threading.BoundedSemaphore(at_once)):
            return execute(function, *more)

    lambda_svc._execute_function_warm = execute_in_turn


def hand_over_whole_batches() -> None:
    """Give a function as many messages of its queue at once as the event source mapping says.

    MiniStack gives ten, whatever BatchSize is: a backlog is then worked off in small steps, each of which
    costs its calls. The batching window is not waited for: what is there is handed over at once.
    """
    from ministack.services import sqs

    names = ("_queues_lock", "_get_q", "_expire_retained", "_dlq_sweep", "_collect_msgs")
    lock, find, expire, bury, collect = (_require(sqs, name) for name in names)
    _require(sqs, "_receive_messages_for_esm")

    def receive(queue_url: str, most: int) -> list[dict[str, Any]]:
        with lock:
            queue = find(queue_url)
            expire(queue)
            bury(queue)
            visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
            found: list[dict[str, Any]] = collect(
                queue, size_of_batch(queue["messages"], int(most), time.time()), visibility
            )
            return found

    sqs._receive_messages_for_esm = receive


def size_of_batch(messages: Iterable[Mapping[str, Any]], most: int, now: float) -> int:
    """How many of the messages that can be seen now make an invocation: so many, or what Lambda takes."""
    visible = (message for message in messages if message.get("visible_at", 0) <= now)
    lengths = [len(json.dumps(message["body"])) for message in islice(visible, most)]
    fitting = sum(1 for _ in takewhile(lambda total: total <= _INVOCATION_BYTES, accumulate(lengths)))
    return max(fitting, min(1, len(lengths)))


def keep_lambda_logs(folder: Path) -> None:
    """Write what Lambdas log to a file each too: the emulated CloudWatch Logs end with the stack."""
    from ministack.services import lambda_svc

    emit: Callable[..., None] = _require(lambda_svc, "_emit_lambda_logs")
    folder.mkdir(parents=True, exist_ok=True)

    def keep(function: dict[str, Any], request_id: str, text: str, *more: Any, **other: Any) -> None:
        if text:
            with (folder / f"{_function_name(function)}.log").open("a") as log:
                log.write(text.rstrip("\n") + "\n")
        emit(function, request_id, text, *more, **other)

    lambda_svc._emit_lambda_logs = keep


def _function_name(function: dict[str, Any]) -> str:
    name: str = function.get("config", function)["FunctionName"]
    return name


def _require(module: ModuleType, name: str) -> Any:
    if not hasattr(module, name):
        raise SystemExit(
            f"{module.__name__} has no {name}: this is another MiniStack than the pinned one. "
            "Set the emulator's environment up again: make setup"
        )
    return getattr(module, name)
