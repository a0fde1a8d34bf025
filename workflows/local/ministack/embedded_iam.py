"""Changes the embedded IAM so that it decides about requests as AWS does.

It uses private names of the pinned MiniStack; a missing name is an error at the start (`internals`). What the
services of AWS do on behalf of roles is in `acting_roles`.
"""

import contextvars
import gzip
import json
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from workflows.local.ministack.asgi import App, Message, Receive, Send
from workflows.local.ministack.encryption_keys import KEY_USE, key_of
from workflows.local.ministack.internals import require
from workflows.local.ministack.recorded_requests import AuthorizedRequest, RecordedRequests, place

log = logging.getLogger("glueline.iam")

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html has no batch actions.
_AUTHORIZED_AS: Final = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
# Operations of DynamoDB, and which of their parameters is the resource.
_OF_EXPORTS: Final = {
    "ExportTableToPointInTime": "TableArn",
    "DescribeExport": "ExportArn",
    "ListExports": "TableArn",
}
_GZIP: Final = b"\x1f\x8b"
_CONDITIONS: Final = ("cloudwatch:namespace", "events:source")  # those that policies of the template name

_says_plain: contextvars.ContextVar[bool] = contextvars.ContextVar("says_plain", default=False)


def decide_as_aws(recorded: RecordedRequests) -> None:
    """Make the embedded IAM decide as AWS does where the template needs it, and record what it is asked."""
    _count_loopback_as_tls()
    _authorize_batches_as_single_calls()
    _add_conditions_of_requests()
    _name_resources_as_aws()
    _ask_for_keys_and_record(recorded)


def _count_loopback_as_tls() -> None:
    """Count requests on the loopback as encrypted, unless they say `x-forwarded-proto: http`.

    The embedded AWS has no certificates, and the template's policies refuse what comes without TLS. Its own
    services have no request; what they do counts as encrypted.
    """
    from ministack import app
    from ministack.core import iam_evaluator

    for module, name in ((iam_evaluator, "_request_origin"), (app, "pin_request_origin")):
        require(module, name)
    origin = contextvars.ContextVar("ministack_request_origin", default=("127.0.0.1", True))

    def pin(source_ip: str, _: bool) -> None:
        origin.set((source_ip, not _says_plain.get()))

    iam_evaluator._request_origin = origin
    iam_evaluator.pin_request_origin = app.pin_request_origin = pin


def with_transport(app: App) -> App:
    """The app, which knows of each request whether it says that it came without TLS."""

    async def layer(scope: Message, receive: Receive, send: Send) -> None:
        _says_plain.set((b"x-forwarded-proto", b"http") in scope.get("headers", ()))
        await app(scope, receive, send)

    return layer


def _authorize_batches_as_single_calls() -> None:
    from ministack.core import iam_actions
    from ministack.services import sqs

    extract, by_policy = require(iam_actions, "extract_iam_action"), require(sqs, "_enforce_queue_policy")

    def extract_as_authorized(*arguments: Any) -> str | None:
        action: str | None = extract(*arguments)
        return _AUTHORIZED_AS.get(action, action) if action else None

    def by_policy_as_authorized(queue: dict[str, Any], action: str) -> None:
        by_policy(queue, _AUTHORIZED_AS.get(action, action))

    iam_actions.extract_iam_action, sqs._enforce_queue_policy = extract_as_authorized, by_policy_as_authorized


def _add_conditions_of_requests() -> None:
    """Add the condition keys that MiniStack lacks: the namespace of metrics and the source of events."""
    from ministack.core import iam_actions

    of_tags = require(iam_actions, "request_tag_context")

    def of_request(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = of_tags(service, action, body, parameters)
        return {**found, **conditions(action, body, parameters)}

    iam_actions.request_tag_context = of_request


def conditions(action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of a request that depend on what it sends."""
    if action == "cloudwatch:PutMetricData":
        namespace = _form(body, parameters).get("Namespace", "")
        return {"cloudwatch:namespace": namespace}
    if action == "events:PutEvents":
        sources = sorted({str(entry.get("Source", "")) for entry in json.loads(body).get("Entries", [])})
        return {"events:source": sources[0] if len(sources) == 1 else sources}
    return {}


def _form(body: bytes, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of a request in CBOR, JSON or a query, which SDKs compress if it is large."""
    if body.startswith(_GZIP):
        body = gzip.decompress(body)
    if parameters.get("Namespace"):
        given = parameters["Namespace"]
        return {"Namespace": given[0] if isinstance(given, list) else given}
    if body[:1] == b"{":
        found: dict[str, Any] = json.loads(body)
        return found
    if body.startswith(b"Action=") or b"&Action=" in body:
        return dict(parse_qsl(body.decode()))
    import cbor2

    read: dict[str, Any] = cbor2.loads(body) or {}
    return read


def _name_resources_as_aws() -> None:
    """Name resources as AWS does.

    MiniStack names at most the database of a request to Glue, the bus in the ARN of each rule, and nothing
    for queries, exports, streams and alarms.
    """
    from ministack.core import iam_actions

    name_others = require(iam_actions, "extract_resource_arn")

    def name(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> str:
        named: str = name_others(service, method, path, headers, body, *more)
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or path.rpartition("/")[2]
        if service == "glue":
            return f"arn:aws:glue:{more[1]}:{more[2]}:{glue_resource(operation, json.loads(body or b'{}'))}"
        if (service, operation) == ("monitoring", "DescribeAlarms"):
            return f"arn:aws:cloudwatch:{more[1]}:{more[2]}:alarm:*"
        if service == "athena" and (workgroup := _workgroup_of_query(body)):
            return f"arn:aws:athena:{more[1]}:{more[2]}:workgroup/{workgroup}"
        if service.startswith("dynamodb") and named == "*":
            return _export_or_stream(operation, json.loads(body or b"{}"))
        return named.replace(":rule/default/", ":rule/")

    iam_actions.extract_resource_arn = name


def _workgroup_of_query(body: bytes) -> str | None:
    from ministack.services import athena

    query = json.loads(body or b"{}").get("QueryExecutionId")
    found: str | None = require(athena, "_executions").get(query, {}).get("WorkGroup") if query else None
    return found


def _export_or_stream(operation: str, request: Mapping[str, Any]) -> str:
    from ministack.services import dynamodb_streams

    if iterator := request.get("ShardIterator"):
        request = {
            "StreamArn": (require(dynamodb_streams, "_decode_iterator")(iterator) or {}).get("arn", "*")
        }
    return str(request.get(_OF_EXPORTS.get(operation, "StreamArn"), "*"))


def glue_resource(operation: str, request: Mapping[str, Any]) -> str:
    """What a request to Glue is about, as the end of an ARN.

    >>> glue_resource("GetTable", {"DatabaseName": "lake", "Name": "products"})
    'table/lake/products'
    >>> glue_resource("StartJobRun", {"JobName": "merge"})
    'job/merge'
    """
    name = request.get("Name") or (request.get("TableInput") or {}).get("Name")
    if database := request.get("DatabaseName"):
        return f"table/{database}/{name or '*'}"
    if operation.endswith(("Database", "Databases")):
        created = (request.get("DatabaseInput") or {}).get("Name")
        return f"database/{name or created}" if name or created else "catalog"
    for kind in ("Job", "Workflow", "Trigger"):
        if kind in operation and (named := request.get(f"{kind}Name") or name):
            return f"{kind.lower()}/{named}"
    return "catalog"


def parents(resource: str) -> list[str]:
    """What a request to Glue's catalog also needs: the database of a table, and the catalog.

    https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
    """
    front, _, named = resource.partition(":glue:")
    region, _, path = named.partition(":")
    account, _, what = path.partition(":")
    start = f"{front}:glue:{region}:{account}"
    match what.split("/"):
        case ["table", database, _]:
            return [f"{start}:database/{database}", f"{start}:catalog"]
        case ["database", _]:
            return [f"{start}:catalog"]
        case _:
            return []


def glue_refusal(scope: Message, body: bytes, operation: str, request: Mapping[str, Any]) -> str | None:
    """Why a caller may not do an operation that the local Glue answers, None if it may."""
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id
    from ministack.core.router import extract_access_key_id

    headers = scope.get("headers", ())
    access_key = extract_access_key_id(
        {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    )
    raw_path = (scope.get("raw_path") or b"/").decode("latin-1")
    iam_evaluator.pin_signed_request(scope["method"], raw_path, {}, list(headers))
    iam_evaluator.pin_signed_body(body)
    resource = f"arn:aws:glue:us-east-1:{get_account_id()}:{glue_resource(operation, request)}"
    action = f"glue:{operation}"
    denied = iam_evaluator.enforce(access_key, action, "glue", "us-east-1", resource, {})
    if not denied:
        return None
    caller = getattr(denied, "principal_arn", "") or getattr(denied, "message", "")
    return f"User: {caller} is not authorized to perform: {action} on resource: {resource}"


def _ask_for_keys_and_record(recorded: RecordedRequests) -> None:
    """Ask also for the parents of a resource in Glue's catalog and the use of its key, and record it all."""
    from ministack.core import iam_evaluator

    decide = require(iam_evaluator, "enforce")

    def decide_and_record(access_key: str, action: str, *more: Any, **other: Any) -> Any:
        denied = decide(access_key, action, *more, **other)
        if role := role_of(access_key):
            resource, context = _resource_and_context(*more, **other)
            request = AuthorizedRequest(role, action, place(resource), _named(context), allowed=not denied)
            if recorded.add(request) and denied:
                log.warning("%s may not %s on %s", role, action, resource)
        return denied

    def enforce(access_key: str, action: str, service: str, region: str, *more: Any, **other: Any) -> Any:
        denied = decide_and_record(access_key, action, service, region, *more, **other)
        if denied or role_of(access_key) is None:
            return denied
        resource, _ = _resource_and_context(service, region, *more, **other)
        further = [(action, service, parent) for parent in parents(resource)]
        if action in KEY_USE and (key := key_of(resource)):
            further += [(use, "kms", key) for use in KEY_USE[action]]
        for other_action, of_service, other_resource in further:
            if denied := decide_and_record(access_key, other_action, of_service, region, other_resource):
                return denied
        return None

    iam_evaluator.enforce = enforce


def _resource_and_context(
    _service: str, _region: str, resource_arn: str = "*", service_context: Mapping[str, Any] | None = None
) -> tuple[str, Mapping[str, Any]]:
    """What a call of MiniStack's `enforce` is about, from its arguments."""
    return resource_arn, service_context or {}


def _named(context: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The condition keys of a request that policies of the template name."""
    given = {key.lower(): value for key, value in context.items()}
    return tuple((key, str(given[key])) for key in _CONDITIONS if given.get(key))


def role_of(access_key: str) -> str | None:
    """The name of the role that a key belongs to, None for the root and users."""
    from ministack.services import sts

    session = require(sts, "_sessions").get(access_key)
    arn = str(session["Arn"]) if session else ""
    return arn.split("/")[1] if ":assumed-role/" in arn else None
