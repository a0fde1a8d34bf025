"""Adds the local Glue to the embedded AWS: API, EventBridge's events and target, CloudFormation's types.

All but the first use private names of the pinned MiniStack; a missing name is an error at the start
(`internals`).
"""

import json
import logging
import queue
import re
import threading
from collections.abc import Callable
from typing import Any, Final

from workflows.local.glue.api import is_answered_here
from workflows.local.glue.errors import GlueError
from workflows.local.glue.job_events import DETAIL_TYPE, SOURCE, Detail
from workflows.local.glue.service import GlueService
from workflows.local.ministack.asgi import App, Message, Receive, Send, reply
from workflows.local.ministack.cloudformation import (
    alarm_handlers,
    glue_handlers,
    importable_handlers,
    named_query_handlers,
    refusing_handlers,
    security_configuration_handlers,
)
from workflows.local.ministack.internals import require

log = logging.getLogger("glueline.glue")

_WORKFLOW_ARN: Final = re.compile(r"arn:aws[\w-]*:glue:[\w-]+:\d+:workflow/(?P<name>.+)")


type Refusal = Callable[[Message, bytes, str, Message], str | None]


def allow_all(*_: object) -> None:
    """No refusal."""


def with_local_glue(app: App, service: GlueService, refusal: Refusal = allow_all) -> App:
    """The app, except that the local Glue answers requests about jobs, triggers and workflows.

    `refusal` says why the sender of a request may not do an operation.
    """

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        target, _, operation = headers.get(b"x-amz-target", b"").decode("latin-1").partition(".")
        if target == "AWSGlue" and is_answered_here(operation):
            body = await _body(receive)
            request = json.loads(body or b"{}")
            if reason := refusal(scope, body, operation, request):
                status, answer = 400, {"__type": "AccessDeniedException", "Message": reason}
            else:
                status, answer = _answer(service, operation, request)
            await reply(send, status, "application/x-amz-json-1.1", json.dumps(answer).encode())
        else:
            await app(scope, receive, send)

    return layer


def _answer(service: GlueService, operation: str, request: Message) -> tuple[int, Message]:
    """Status and body of one Glue operation, errors in the form that AWS SDKs read."""
    try:
        return 200, service.call(operation, request)
    except GlueError as error:
        return 400, {"__type": error.code, "Message": str(error)}


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def deliver_to_workflows(service: GlueService) -> None:
    """Make Glue workflows targets of EventBridge rules, which they are not in MiniStack."""
    from ministack.services import eventbridge

    invoke_other = require(eventbridge, "_invoke_target")

    def invoke(target: dict[str, Any], event: dict[str, Any], *more: Any) -> None:
        workflow = _WORKFLOW_ARN.fullmatch(target.get("Arn", ""))
        if workflow:
            service.deliver(workflow["name"], event["EventId"])
        else:
            invoke_other(target, event, *more)

    eventbridge._invoke_target = invoke


def announce_job_states(service: GlueService) -> None:
    """Send the events of job runs to EventBridge, in order.

    A thread of its own sends them: a target may call the local Glue, which is locked while it announces.
    """
    from ministack.services import eventbridge

    put = require(eventbridge, "_put_events")
    details: queue.SimpleQueue[Detail] = queue.SimpleQueue()

    def send() -> None:
        while True:
            detail = details.get()
            entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}
            try:
                put({"Entries": [entry]}, allow_aws_source=True)
            except Exception:  # of a target; the next event is for others
                log.exception("the event of the job run %s was not delivered", detail["jobRunId"])

    threading.Thread(target=send, daemon=True, name="glue-events").start()
    service.announce = details.put


def add_resource_types(service: GlueService) -> None:
    """Add the CloudFormation types of the template that MiniStack lacks or stores only in part."""
    from ministack.services import athena, glue
    from ministack.services.cloudformation import provisioners

    physical_name = require(provisioners, "_physical_name")

    def name(stack: str, logical_id: str) -> str:
        return str(physical_name(stack, logical_id, max_len=255))

    handlers = require(provisioners, "_RESOURCE_HANDLERS")
    handlers.update(glue_handlers(service.call, name))
    handlers["AWS::Athena::NamedQuery"] = named_query_handlers(athena)
    handlers["AWS::Glue::SecurityConfiguration"] = security_configuration_handlers(glue)
    alarm, database = "AWS::CloudWatch::Alarm", "AWS::Glue::Database"
    handlers[alarm] = alarm_handlers(handlers[alarm])
    handlers[database] = importable_handlers(handlers[database], "DatabaseName")
    for kind, reason in _reasons_to_stay().items():
        handlers[kind] = refusing_handlers(handlers[kind], reason)


def _reasons_to_stay() -> dict[str, Callable[[str], str | None]]:
    """Why AWS refuses to delete a resource of a type, by the texts of its services; MiniStack never does."""
    from ministack.services import cognito, dynamodb, s3

    tables, pools, buckets = (
        require(dynamodb, "_tables"),
        require(cognito, "_user_pools"),
        require(s3, "_buckets"),
    )

    def table(name: str) -> str | None:
        is_protected = str(tables.get(name, {}).get("DeletionProtectionEnabled")).lower() == "true"
        return (
            "Resource cannot be deleted as it is currently protected against deletion"
            if is_protected
            else None
        )

    def pool(name: str) -> str | None:
        is_protected = pools.get(name, {}).get("DeletionProtection") == "ACTIVE"
        return (
            "The user pool cannot be deleted because deletion protection is activated"
            if is_protected
            else None
        )

    def bucket(name: str) -> str | None:
        has_objects = bool(buckets.get(name, {}).get("objects"))
        return "The bucket you tried to delete is not empty" if has_objects else None

    return {"AWS::DynamoDB::Table": table, "AWS::Cognito::UserPool": pool, "AWS::S3::Bucket": bucket}
