"""CloudFormation resources that the embedded AWS lacks or keeps only in part.

So that the template deploys as it is: jobs, triggers and workflows go to the local Glue whole; named
queries to the embedded Athena.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workflows.local.glue_errors import GlueError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type Properties = dict[str, Any]
type Call = Callable[[str, Properties], dict[str, Any]]
type PhysicalName = Callable[[str, str], str]
type Handlers = dict[str, Any]


def glue_handlers(call: Call, physical_name: PhysicalName) -> Mapping[str, Handlers]:
    """Handlers of the Glue types; `call` answers Glue operations, `physical_name` names the nameless."""
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
    def ask(operation: str, request: Properties) -> None:
        try:
            call(f"{operation}{kind}", request)
        except GlueError as error:
            raise ValueError(f"{error} (Service: Glue, {error.code})") from error

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
        name = props.get("Name") or physical_name(stack_name, logical_id)
        ask("Create", {**props, "Name": name})
        return name, {}

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> tuple[str, dict[str, str]]:
        name = new.get("Name") or physical_name(stack_name, logical_id)
        if name != physical_id:
            created = create(logical_id, new, stack_name)
            delete(physical_id, old)
            return created
        ask("Update", update_request(name, new))
        return name, {}

    def delete(physical_id: str, props: Properties) -> None:
        ask("Delete", {key: physical_id})

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def named_query_handlers(athena: Any) -> Handlers:
    """Handlers of AWS::Athena::NamedQuery over the embedded Athena. Any: its module has no types."""

    def create(logical_id: str, props: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
        status, _, body = athena._create_named_query(props)
        if status != 200:
            raise ValueError(f"named query {logical_id}: {body!r}")
        query_id: str = json.loads(body)["NamedQueryId"]
        return query_id, {"NamedQueryId": query_id}

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
    ) -> tuple[str, dict[str, str]]:
        delete(physical_id, old)
        return create(logical_id, new, stack_name)

    def delete(physical_id: str, props: Properties) -> None:
        athena._delete_named_query({"NamedQueryId": physical_id})

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
