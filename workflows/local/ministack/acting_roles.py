"""Makes services of the embedded AWS act as the roles that they were given, as AWS's services do.

An event source mapping reads as its function's role, a rule starts a workflow as the role of its target, a
function's log and a job's script are written and read as their roles; a queue and a topic take events only if
their policies and that of their key let EventBridge do it. MiniStack does all this as itself.
"""

import contextvars
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from workflows.local.ministack.encryption_keys import key_of
from workflows.local.ministack.internals import require

log = logging.getLogger("glueline.iam")

_REGION: Final = "us-east-1"
_EVENTS: Final = "events.amazonaws.com"
_READ_STREAM: Final = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and with-ddb.html
_READ_SOURCE: Final = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": (*_READ_STREAM, "dynamodb:ListStreams"),
}
_WRITE_LOG: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
_DECISION_SECONDS: Final = 1.0  # mappings are polled many times a second


class RoleDenied(PermissionError):
    """Raised when a role may not do what a service does on its behalf."""


def credentials_of(role: str, session: str) -> dict[str, str]:
    """Temporary credentials of a role, as environment variables: the same ones for the same session."""
    from ministack.services import sts

    name, account = role.rsplit("/", 1)[-1], role.split(":")[4]
    digest = hashlib.sha256(f"{role}:{session}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest
    require(sts, "register_session")(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session[:64]}",
            "UserId": f"{name}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def refused(
    role: str, session: str, actions: Iterable[str], resource: str, context: Mapping[str, Any] | None = None
) -> str | None:
    """The first of the actions on a resource that the role may not do, None if it may do all."""
    return contextvars.copy_context().run(_refused, role, session, actions, resource, context)


def _refused(
    role: str, session: str, actions: Iterable[str], resource: str, context: Mapping[str, Any] | None
) -> str | None:
    from ministack.core import iam_evaluator

    # The request that is served, if any, is not the role's: it may be an anonymous call of the API.
    require(iam_evaluator, "_anonymous").set(False)
    require(iam_evaluator, "_signed_request").set(None)
    key = credentials_of(role, session)["AWS_ACCESS_KEY_ID"]
    for action in actions:
        service = action.partition(":")[0]
        if iam_evaluator.enforce(key, action, service, _REGION, resource, context):
            return action
    return None


def job_credentials(definition: Mapping[str, Any]) -> dict[str, str]:
    """The credentials of a job's role; raises RoleDenied if it may not do what Glue does for each run.

    https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html
    """
    role, arguments = str(definition["Role"]), definition.get("DefaultArguments") or {}
    code = [definition["Command"]["ScriptLocation"], arguments.get("--additional-python-modules")]
    group = arguments.get("--custom-logGroup-prefix", "/aws-glue/jobs")
    account = role.split(":")[4]
    logs = f"arn:aws:logs:{_REGION}:{account}:log-group"
    needed = [
        *((("s3:GetObject",), f"arn:aws:s3:::{file.removeprefix('s3://')}", {}) for file in code if file),
        *((_WRITE_LOG, f"{logs}:{group}/{name}:log-stream:run", {}) for name in ("output", "error")),
        (("logs:CreateLogGroup",), f"{logs}:/aws-glue/jobs/logs-v2", {}),
        (("cloudwatch:PutMetricData",), "*", {"cloudwatch:namespace": "Glue"}),
    ]
    for actions, resource, context in needed:
        if action := refused(role, "glue", actions, resource, context):
            raise RoleDenied(f"AccessDenied: {role} is not authorized to perform: {action} on {resource}")
    return credentials_of(role, "glue")


def act_as_roles() -> None:
    """Make mappings, functions and rules act as their roles, and exports as who requests them."""
    _read_sources_as_roles()
    _use_keys_and_logs_as_roles()
    _deliver_as_roles()
    _export_as_callers()


def _read_sources_as_roles() -> None:
    """A mapping whose function's role may not read its source delivers nothing, and says why."""
    from ministack.services import lambda_svc

    every = require(lambda_svc, "_iter_all_esms")
    find = require(lambda_svc, "_get_func_record_for_qualifier")
    decided: dict[str, tuple[float, str | None]] = {}

    def allowed() -> Iterator[Any]:
        for account, region, mapping in every():
            known = decided.get(mapping["UUID"])
            if known is None or known[0] < time.monotonic():
                found, _ = find(mapping["FunctionName"], mapping.get("Qualifier"))
                action = _may_not_read(found, mapping["EventSourceArn"]) if found else None
                decided[mapping["UUID"]] = known = (time.monotonic() + _DECISION_SECONDS, action)
            if known[1] is None:
                yield account, region, mapping
            else:
                mapping["LastProcessingResult"] = (
                    f"PROBLEM: the role of the function may not {known[1]} on the event source"
                )

    lambda_svc._iter_all_esms = allowed


def _may_not_read(function: Mapping[str, Any], source: str) -> str | None:
    config = function["config"]
    return refused(config["Role"], config["FunctionName"], _READ_SOURCE.get(source.split(":")[2], ()), source)


def _use_keys_and_logs_as_roles() -> None:
    """A function whose role may not use the key of its environment does not start, and one that may not write
    its log writes none."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    usual, emit = require(lambda_runtime, "execution_credentials"), require(lambda_svc, "_emit_lambda_logs")

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = usual(config)
        key = config.get("KMSKeyArn")
        if key and (action := refused(config["Role"], config["FunctionName"], ("kms:Decrypt",), key)):
            raise RoleDenied(f"KMSAccessDeniedException: {config['Role']} may not {action} on {key}")
        return found

    def emit_as_role(function: dict[str, Any], *more: Any, **other: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup")
        account = config["Role"].split(":")[4]
        stream = f"arn:aws:logs:{_REGION}:{account}:log-group:{group}:log-stream:{config['FunctionName']}"
        if group is None or refused(config["Role"], config["FunctionName"], _WRITE_LOG, stream) is None:
            emit(function, *more, **other)

    for module in (lambda_runtime, lambda_svc):
        module.execution_credentials = credentials
    lambda_svc._emit_lambda_logs = emit_as_role


def _deliver_as_roles() -> None:
    """A rule delivers to a target only if its role, or the policies of queue, topic and key, allow it."""
    from ministack.services import eventbridge

    invoke = require(eventbridge, "_invoke_target")

    def invoke_if_allowed(
        target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any
    ) -> Any:
        if reason := _may_not_deliver(target, rule):
            log.warning("rule %s did not deliver to %s: %s", rule.get("Name"), target.get("Arn"), reason)
            return None
        return invoke(target, event, rule, *more)

    eventbridge._invoke_target = invoke_if_allowed


def _may_not_deliver(target: Mapping[str, Any], rule: Mapping[str, Any]) -> str | None:
    arn = str(target.get("Arn", ""))
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    if service == "glue":
        action = refused(str(target["RoleArn"]), "events", ("glue:notifyEvent",), arn)
        return action and f"the role may not {action}"
    # EventBridge names its rule to a queue, and nothing to a topic or to a key.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    needed: list[tuple[str, str, str, dict[str, str]]] = []
    if service == "sqs":
        needed.append((service, "sqs:SendMessage", arn, {"aws:sourcearn": str(rule.get("Arn", ""))}))
    if service == "sns":
        needed.append((service, "sns:Publish", arn, {}))
    if needed and (key := key_of(arn)):
        needed += [("kms", action, key, {}) for action in ("kms:GenerateDataKey", "kms:Decrypt")]
    for service_, action, resource, context in needed:
        if not _policy_allows_events(service_, action, resource, context):
            return f"the policy of {resource} does not let EventBridge {action}"
    return None


def _policy_allows_events(service: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    from ministack.core import iam_evaluator

    policy: Callable[[str, str], tuple[Any, Any] | None] = require(iam_evaluator, "_resource_policy")
    found = policy(service, resource)
    asked = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=_REGION,
        service_context=dict(context),
    )
    return found is not None and bool(
        iam_evaluator.evaluate_resource_policy(found[0], asked, service=_EVENTS).decision == "Allow"
    )


def _export_as_callers() -> None:
    """DynamoDB writes an export with the permissions of who requests it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html
    """
    from ministack.core import iam_evaluator
    from ministack.core.responses import error_response_json
    from ministack.services import dynamodb

    export = require(dynamodb, "_export_table_to_point_in_time")
    caller_of_request: Callable[[], str] = require(iam_evaluator, "caller_arn")

    def export_if_allowed(request: dict[str, Any]) -> Any:
        _, is_role, name = caller_of_request().partition(":assumed-role/")
        if is_role:
            account = caller_of_request().split(":")[4]
            role = f"arn:aws:iam::{account}:role/{name.split('/')[0]}"
            written = f"arn:aws:s3:::{request.get('S3Bucket')}/{request.get('S3Prefix', '')}/AWSDynamoDB/1"
            if action := refused(role, "export", ("s3:PutObject", "s3:AbortMultipartUpload"), written):
                return error_response_json(
                    "AccessDeniedException", f"{role} may not {action} on {written}", 400
                )
        return export(request)

    dynamodb._export_table_to_point_in_time = export_if_allowed
