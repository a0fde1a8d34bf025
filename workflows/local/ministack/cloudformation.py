"""CloudFormation resource types that the embedded AWS lacks or stores only in part.

With them the template deploys unchanged: jobs, triggers and workflows go to the local Glue; named queries and
security configurations go to MiniStack, which has their APIs but not their resource types.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from workflows.local.glue.errors import GlueError

type Properties = dict[str, Any]
type Call = Callable[[str, Properties], dict[str, Any]]
type PhysicalName = Callable[[str, str], str]
type Handlers = dict[str, Any]
type Create = Callable[[str, Properties, str], tuple[str, dict[str, str]]]
type Delete = Callable[[str, Properties], None]


def glue_handlers(call: Call, physical_name: PhysicalName) -> Mapping[str, Handlers]:
    """Handlers of the Glue types; `call` answers Glue operations, `physical_name` names unnamed resources."""
    return {
        f"AWS::Glue::{kind}": _handlers(kind, key, update, call, physical_name)
        for kind, key, update in (
            ("Job", "JobName", lambda name, new: {"JobName": name, "JobUpdate": new}),
            ("Trigger", "Name", lambda name, new: {"Name": name, "TriggerUpdate": new}),
            ("Workflow", "Name", lambda name, new: {**new, "Name": name}),
        )
    }


def _handlers(
    kind: str,
    key: str,
    update_request: Callable[[str, Properties], Properties],
    call: Call,
    physical_name: PhysicalName,
) -> Handlers:
    def request_glue(operation: str, request: Properties) -> None:
        try:
            call(f"{operation}{kind}", request)
        except GlueError as error:
            raise ValueError(f"{error} (Service: Glue, {error.code})") from error

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
        name = props.get("Name") or physical_name(stack_name, logical_id)
        request_glue("Create", {**props, "Name": name})
        return name, {}

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> tuple[str, dict[str, str]]:
        name = new.get("Name") or physical_name(stack_name, logical_id)
        if name != physical_id:
            created = create(logical_id, new, stack_name)
            delete(physical_id, old)
            return created
        request_glue("Update", update_request(name, new))
        return name, {}

    def delete(physical_id: str, props: Properties) -> None:
        request_glue("Delete", {key: physical_id})

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def named_query_handlers(athena: Any) -> Handlers:
    """Handlers of AWS::Athena::NamedQuery over the embedded Athena. Any: its module has no types."""

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
        query_id: str = _answer(logical_id, athena._create_named_query(props))["NamedQueryId"]
        return query_id, {"NamedQueryId": query_id}

    def delete(physical_id: str, props: Properties) -> None:
        athena._delete_named_query({"NamedQueryId": physical_id})

    return _replaced(create, delete)


def security_configuration_handlers(glue: Any) -> Handlers:
    """Handlers of AWS::Glue::SecurityConfiguration over MiniStack, which stores it and encrypts nothing."""

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
        encryption = dict(props["EncryptionConfiguration"])
        encryption["S3Encryption"] = encryption.pop("S3Encryptions", [])  # the API's name for it
        request = {"Name": props["Name"], "EncryptionConfiguration": encryption}
        _answer(logical_id, glue._create_security_configuration(request))
        return props["Name"], {}

    def delete(physical_id: str, props: Properties) -> None:
        glue._delete_security_configuration({"Name": physical_id})

    return _replaced(create, delete)


def alarm_handlers(handlers: Handlers) -> Handlers:
    """The handlers of alarms, which also take those over expressions.

    MiniStack evaluates none: such an alarm is one on a metric that nobody sends, named like the expression.
    """

    def on_a_metric(props: Properties) -> Properties:
        if "Metrics" not in props:
            return props
        [returned] = (one["Id"] for one in props["Metrics"] if one.get("ReturnData", True))
        others = {name: value for name, value in props.items() if name != "Metrics"}
        return {**others, "Namespace": "expressions", "MetricName": returned, "Statistic": "Maximum"}

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
        created: tuple[str, dict[str, str]] = handlers["create"](logical_id, on_a_metric(props), stack_name)
        return created

    def update(physical_id: str, old: Properties, new: Properties, *more: str) -> tuple[str, dict[str, str]]:
        before, after = on_a_metric(old), on_a_metric(new)
        updated: tuple[str, dict[str, str]] = handlers["update"](physical_id, before, after, *more)
        return updated

    return {**handlers, "create": create, "update": update}


def refusing_handlers(handlers: Handlers, reason: Callable[[str], str | None]) -> Handlers:
    """The handlers, except that a resource is not deleted while there is a reason, which AWS refuses too."""
    delete_anyway = handlers["delete"]

    def delete(physical_id: str, props: Properties) -> None:
        if refusal := reason(physical_id):
            raise ValueError(refusal)
        delete_anyway(physical_id, props)

    return {**handlers, "delete": delete}


def importable_handlers(handlers: Handlers, identifier: str) -> Handlers:
    """The handlers, with an import of resources by this identifier; MiniStack imports few types."""

    def take_in(given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        return given[identifier], {}

    return {**handlers, "import": take_in}


def _replaced(create: Create, delete: Delete) -> Handlers:
    """Handlers of resources that can't be changed: an update deletes the old one and creates a new one."""

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> tuple[str, dict[str, str]]:
        delete(physical_id, old)
        return create(logical_id, new, stack_name)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def _answer(logical_id: str, response: tuple[int, Any, bytes]) -> dict[str, Any]:
    """The answer of a MiniStack service; raises its error as a ValueError, as CloudFormation handlers do."""
    status, _, body = response
    if status != 200:
        raise ValueError(f"{logical_id}: {body.decode()}")
    answer: dict[str, Any] = json.loads(body or b"{}")
    return answer
