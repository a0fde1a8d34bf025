"""Takes what an earlier stack has left into a new one: tables, buckets, keys, user pool, with all they hold.

An import of CloudFormation takes resources in without changing them. Its template has nothing else, so it is
made here from the expanded template; the deployment that follows has the whole one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.deploy import changesets
from workflows.deploy.collisions import LISTINGS, name_of
from workflows.deploy.errors import DeployError
from workflows.deploy.schemas import property_path, schema
from workflows.deploy.stacks import retained_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from workflows.deploy.account import Account
    from workflows.deploy.stacks import Stack
    from workflows.deploy.template import Json, Resource

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")
_DOOMED_KEYS: Final = ("PendingDeletion", "PendingReplicaDeletion")
_NOT_FOUND: Final = (
    *("ResourceNotFoundException", "404", "NoSuchBucket", "NotFoundException", "EntityNotFoundException"),
)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A resource that exists, belongs to no stack, and is a part of the template."""

    resource: Resource
    physical_id: str

    def __str__(self) -> str:
        return f"{self.resource.logical_id} ({self.resource.type}): {self.physical_id}"

    def to_import(self) -> Json:
        """What CloudFormation has to know to import it."""
        [identifier] = schema(self.resource.type)["primaryIdentifier"]
        [name] = property_path(identifier)
        return {
            "ResourceType": self.resource.type,
            "LogicalResourceId": self.resource.logical_id,
            "ResourceIdentifier": {name: self.physical_id},
        }


def find_leftovers(account: Account, stack: str, added: Iterable[Resource]) -> list[Leftover]:
    """What deleted stacks of that name have left of the resources that would be made, the newest of each."""
    wanted = {resource.logical_id: resource for resource in added if resource.is_retained}
    found: dict[str, Leftover] = {}
    if not wanted:
        return []
    for event in retained_by(account, stack):
        resource = wanted.get(event.logical_id)
        if resource is None or resource.type != event.type or event.logical_id in found:
            continue
        if is_free(account, event.type, event.physical_id):
            found[event.logical_id] = Leftover(resource, event.physical_id)
    return list(found.values())


def named_leftovers(account: Account, added: Iterable[Resource]) -> Iterator[Leftover]:
    """Retained resources whose names exist already, whoever made them: for those who ask to adopt them."""
    for resource in added:
        if not resource.is_retained or resource.type not in LISTINGS:
            continue
        name = name_of(LISTINGS[resource.type], resource)
        if name is not None and is_free(account, resource.type, name):
            yield Leftover(resource, name)


def is_free(account: Account, kind: str, physical_id: str) -> bool:
    """Whether the resource exists and belongs to no stack."""
    return _exists(account, kind, physical_id) and not _owner(account, physical_id)


def adopt(
    account: Account, stack: str, leftovers: Sequence[Leftover], report: Callable[[str], None]
) -> Stack:
    """Import the leftovers into a stack that is made of them. Raises DeployError."""
    cloudformation = account.client("cloudformation")
    template = json.dumps(import_template(leftovers))
    change_set = changesets.make(
        cloudformation,
        stack,
        "IMPORT",
        {"TemplateBody": template},
        resources_to_import=[leftover.to_import() for leftover in leftovers],
    )
    if change_set is None:
        raise DeployError(f"CloudFormation found nothing to import among {', '.join(map(str, leftovers))}.")
    return changesets.execute(cloudformation, change_set, report)


def import_template(leftovers: Iterable[Leftover]) -> Json:
    """The template of an import: the leftovers, without properties that refer to anything else."""
    resources = {leftover.resource.logical_id: leftover.resource for leftover in leftovers}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Glueline: what an earlier stack has left",
        "Resources": {
            name: {
                "Type": resource.type,
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": _within(resource.properties, resources),
            }
            for name, resource in resources.items()
        },
    }


def _within(properties: Json, resources: Mapping[str, Resource]) -> Json:
    return {
        name: _with_sub(value)
        for name, value in properties.items()
        if all(to in resources or to.startswith("AWS::") for to in _references(value))
    }


def _with_sub(value: Any) -> Any:
    """The value with each text that refers to a resource in an Fn::Sub, which expanding drops."""
    match value:
        case {"Fn::Sub": _}:
            return value
        case dict():
            return {name: _with_sub(inner) for name, inner in value.items()}
        case list():
            return [_with_sub(inner) for inner in value]
        case str() if "${" in value:
            return {"Fn::Sub": value}
    return value


def _references(value: Any) -> Iterator[str]:
    """The logical ids that a property refers to."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": text}:
            yield from _REFERENCE.findall(text if isinstance(text, str) else text[0])
        case dict():
            for inner in value.values():
                yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)
        case str():
            yield from _REFERENCE.findall(value)


def _owner(account: Account, physical_id: str) -> bool:
    """Whether a stack has the resource."""
    try:
        found = account.client("cloudformation").describe_stack_resources(PhysicalResourceId=physical_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return any(
        one["PhysicalResourceId"] == physical_id and not one["ResourceStatus"].startswith("DELETE_")
        for one in found["StackResources"]
    )


def _exists(account: Account, kind: str, physical_id: str) -> bool:
    """Whether a resource of one of the types that the template retains exists, and will."""
    try:
        match kind:
            case "AWS::DynamoDB::Table":
                account.client("dynamodb").describe_table(TableName=physical_id)
            case "AWS::S3::Bucket":
                account.client("s3").head_bucket(Bucket=physical_id, ExpectedBucketOwner=account.id)
            case "AWS::KMS::Key":
                key = account.client("kms").describe_key(KeyId=physical_id)["KeyMetadata"]
                return key["KeyState"] not in _DOOMED_KEYS
            case "AWS::Cognito::UserPool":
                account.client("cognito-idp").describe_user_pool(UserPoolId=physical_id)
            case "AWS::Glue::Database":
                account.client("glue").get_database(Name=physical_id)
            case _:
                return False
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return False
        raise
    return True
