"""Adds point-in-time recovery and exports to the embedded DynamoDB: its API and its CloudFormation type.

They use private names of the pinned MiniStack; a missing name is an error at the start (`internals`).
"""

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any, Final

from workflows.local.exports.requests import ExportPlan
from workflows.local.exports.service import ExportService
from workflows.local.exports.table_history import Table
from workflows.local.exports.uploads import S3Uploads
from workflows.local.ministack.internals import require

_FUNCTIONS: Final = {
    "DescribeContinuousBackups": "_describe_continuous_backups",
    "UpdateContinuousBackups": "_update_continuous_backups",
    "ExportTableToPointInTime": "_export_table_to_point_in_time",
    "DescribeExport": "_describe_export",
    "ListExports": "_list_exports",
}


def add_exports(endpoint: str) -> ExportService:
    """Add recovery and exports to the embedded DynamoDB; files go to the S3 at `endpoint`."""
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    def uploads(plan: ExportPlan) -> S3Uploads:
        return S3Uploads(_s3(endpoint), plan)

    exports = ExportService(partial(_find_table, dynamodb), uploads)
    for operation, function in _FUNCTIONS.items():
        require(dynamodb, function)
        setattr(dynamodb, function, partial(_respond, exports, operation))
    handlers = require(provisioners, "_RESOURCE_HANDLERS")
    handlers["AWS::DynamoDB::Table"] = with_recovery(
        handlers["AWS::DynamoDB::Table"], exports, lambda name: _find_table(dynamodb, name) is not None
    )
    return exports


def with_recovery(
    handlers: dict[str, Any], exports: ExportService, exists: Callable[[str], bool]
) -> dict[str, Any]:
    """Handlers of AWS::DynamoDB::Table with PointInTimeRecoverySpecification, which MiniStack ignores.

    A table whose name exists is refused, as on AWS: MiniStack would replace it by an empty one.
    """

    def switch(table: str, props: dict[str, Any]) -> None:
        recovery = props.get("PointInTimeRecoverySpecification", {})
        exports.set_recovery(table, str(recovery.get("PointInTimeRecoveryEnabled", False)).lower() == "true")

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        wanted = props.get("TableName", "")
        if exists(wanted):
            raise ValueError(f"Table already exists: {wanted}")
        name, attributes = handlers["create"](logical_id, props, stack_name)
        switch(name, props)
        return name, attributes

    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str
    ) -> tuple[str, dict[str, str]]:
        name, attributes = handlers["update"](physical_id, old, new, stack_name, logical_id)
        switch(name, new)
        return name, attributes

    return {**handlers, "create": create, "update": update}


def _respond(exports: ExportService, operation: str, request: dict[str, Any]) -> tuple[int, Any, bytes]:
    """The answer to a request, in the form of MiniStack's handlers."""
    from ministack.core.responses import json_response

    status, answer = exports.answer(operation, request)
    _, headers, body = json_response(answer)
    return status, headers, body


def _find_table(dynamodb: ModuleType, name: str) -> Table | None:
    table = dynamodb._tables.get(name)
    if table is None:
        return None
    stream = table.get("StreamSpecification") or {}
    return Table(
        arn=table["TableArn"],
        id=table["TableId"],
        name=name,
        key=tuple(part for part in (table["pk_name"], table["sk_name"]) if part),
        rows=table["items"],
        records=dynamodb._stream_records.get(name) or (),
        has_both_images=stream.get("StreamViewType") == "NEW_AND_OLD_IMAGES",
    )


@cache
def _s3(endpoint: str) -> Any:
    from boto3.session import Session

    session = Session("test", "test", region_name="us-east-1")
    return session.client("s3", endpoint_url=endpoint)
