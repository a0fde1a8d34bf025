"""The schemas of CloudFormation's resource types, as AWS publishes them: cfn-lint brings them along."""

from __future__ import annotations

from typing import Any


def schema(kind: str) -> dict[str, Any]:
    """The schema of a resource type. Any: it is JSON.

    >>> schema("AWS::DynamoDB::Table")["primaryIdentifier"]
    ['/properties/TableName']
    """
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found


def property_path(pointer: str) -> tuple[str, ...]:
    """The names on the way to a property, from a pointer like `/properties/DatabaseInput/Name`."""
    return tuple(pointer.removeprefix("/properties/").split("/"))
