"""Joins the exports to the embedded DynamoDB: its API, its CloudFormation type and its tables.

The pinned MiniStack is reached into by private names; a name that has gone is an error at the start.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from workflows.local.exports.service import Exports
from workflows.local.exports.table_history import Table
from workflows.local.exports.uploads import S3Uploads

if TYPE_CHECKING:
    from types import ModuleType

    from workflows.local.exports.requests import Plan

_FUNCTIONS: Final = {
    "DescribeContinuousBackups": "_describe_continuous_backups",
    "UpdateContinuousBackups": "_update_continuous_backups",
    "ExportTableToPointInTime": "_export_table_to_point_in_time",
    "DescribeExport": "_describe_export",
    "ListExports": "_list_exports",
}


def teach_exports(endpoint: str) -> Exports:
    """Let the embedded DynamoDB recover and export; files go to the S3 at `endpoint`."""
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    def uploads(plan: Plan) -> S3Uploads:
        return S3Uploads(_s3(endpoint), plan)

    exports = Exports(partial(_find_table, dynamodb), uploads)
    for operation, function in _FUNCTIONS.items():
        getattr(dynamodb, function)  # of another version, it may be missing
        setattr(dynamodb, function, partial(_respond, exports, operation))
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::DynamoDB::Table"] = with_recovery(handlers["AWS::DynamoDB::Table"], exports)
    return exports


def with_recovery(handlers: dict[str, Any], exports: Exports) -> dict[str, Any]:
    """Handlers of AWS::DynamoDB::Table that heed PointInTimeRecoverySpecification, as MiniStack's do not."""

    def switch(table: str, props: dict[str, Any]) -> None:
        recovery = props.get("PointInTimeRecoverySpecification", {})
        exports.set_recovery(table, str(recovery.get("PointInTimeRecoveryEnabled", False)).lower() == "true")

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
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


def _respond(exports: Exports, operation: str, request: dict[str, Any]) -> tuple[int, Any, bytes]:
    """What a MiniStack handler returns."""
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
