"""Existing tables as they are: compared with their contracts, and what the template is told of them.

A table is right if its keys are those of the contract, it is in the region and account of the stack, and its
stream has new images. Everything that is wrong is said at once, with what to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from expectations.contract import by_existing_table
from expectations.item_keys import table_of
from expectations.problems import GluelineError
from workflows.dataset_parameter import dataset_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from expectations.contract import Contract

_NO_TABLE: Final = "arn:aws:dynamodb:us-east-1:000000000000:table/none"
# Stand for empty lists, over which no loop of a template may go; the template knows them too.
NONE: Final = {
    "SourceTables": _NO_TABLE,
    "SourceStreams": f"{_NO_TABLE}/stream/none",
    "SourceKeys": "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000",
}
NO_TABLES: Final = "X"  # likewise among datasets, none of which is named so
PARAMETERS: Final = ("OwnTables", "SourceTables", "SourceStreams", "SourceKeys")
_VIEW: Final = "NEW_AND_OLD_IMAGES"
_VIEWS: Final[tuple[str, ...]] = (_VIEW, "NEW_IMAGE")


class WrongTable(GluelineError):
    """Raised when existing tables are not as their contracts say; the message has all of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stack is; a table elsewhere can't be attached to."""

    region: str
    account: str | None = None  # not compared if it is None


@dataclass(frozen=True, slots=True)
class Attached:
    """An existing table to which a stack attaches."""

    arn: str
    stream: str
    key: str | None  # the customer's KMS key that encrypts it


def parameters_of(contracts: Iterable[Contract], attached: Iterable[Attached]) -> dict[str, str]:
    """The parameters of the template that follow from datasets and existing tables."""
    own = [one.dataset for one in contracts if one.table.is_own]
    tables = sorted(attached, key=lambda one: one.arn)
    lists = {
        "SourceTables": [one.arn for one in tables],
        "SourceStreams": [one.stream for one in tables],
        "SourceKeys": sorted({one.key for one in tables if one.key}),
    }
    return {
        "OwnTables": dataset_parameter(own) or NO_TABLES,
        **{name: ",".join(values) or NONE[name] for name, values in lists.items()},
    }


def find(
    dynamodb: Any,
    contracts: Iterable[Contract],
    place: Place,
    *,
    enables_streams: bool = False,
    on_missing: Callable[[str], None] | None = None,
) -> list[Attached]:
    """The existing tables of the contracts. Raises WrongTable.

    A stream is enabled where a table has none, if that was asked for. A table that does not exist is reported
    to `on_missing`, if it is given, and left out.
    """
    wrong: list[str] = []
    found = []
    for name, some in sorted(by_existing_table(contracts).items()):
        description = _describe(dynamodb, name)
        problems = [problem for one in some for problem in _misplaced(one, place)]
        if description is None and not problems:
            missing = f"{some[0].source}: the table {name} does not exist in {place.region}"
            if on_missing is None:
                problems.append(f"{missing}. Create it, or correct its name.")
            else:
                datasets = ", ".join(one.dataset for one in some)
                on_missing(f"{missing}; {datasets} gets no changes until it does and this is run again")
        elif description is not None:
            problems += [problem for one in some for problem in _other_keys(one, description)]
            if not problems and enables_streams:
                description = _with_stream(dynamodb, description)
            problems += _unusable_stream(some, description)
        wrong += problems
        if description is not None and not problems:
            key = description.get("SSEDescription", {}).get("KMSMasterKeyArn")
            found.append(Attached(description["TableArn"], description["LatestStreamArn"], key))
    if wrong:
        raise WrongTable("\n".join(wrong))
    return found


def _describe(dynamodb: Any, name: str) -> dict[str, Any] | None:
    try:
        table: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None
    return table


def _misplaced(contract: Contract, place: Place) -> Iterable[str]:
    table = table_of(contract)
    if table.region not in (None, place.region):
        yield (
            f"{contract.source}: expected the table {table.name} in the region of the stack, {place.region}, "
            f"got {table.region}: Lambda reads streams of its own region. Deploy a stack there."
        )
    if place.account is not None and table.account not in (None, place.account):
        yield (
            f"{contract.source}: expected the table {table.name} in the account of the stack, "
            f"{place.account}, got {table.account}: streams, exports and keys of another account need grants "
            "that its owner alone can make, and that a stack can't check. Deploy a stack there, and share "
            "its lake."
        )


def _other_keys(contract: Contract, description: Mapping[str, Any]) -> Iterable[str]:
    types = {one["AttributeName"]: one["AttributeType"] for one in description["AttributeDefinitions"]}
    names = [one["AttributeName"] for one in sorted(description["KeySchema"], key=lambda one: one["KeyType"])]
    keys = tuple((name, types[name]) for name in names)  # HASH, then RANGE
    table = table_of(contract)
    if keys != table.keys and not (table.entity and set(keys) == set(table.keys)):
        advice = "Correct primaryKey, primaryKeyPosition, physicalName or the type."
        if table.entity:
            advice = "Describe each attribute of the key by a format of the entity, or as a key column."
        yield (
            f"{contract.source}: expected the key of the table {table.name}, {_spelled(keys)}, got "
            f"{_spelled(table.keys)}. {advice}"
        )


def _spelled(keys: Sequence[tuple[str, str]]) -> str:
    return " and ".join(f"{name} of type {kind}" for name, kind in keys)


def _with_stream(dynamodb: Any, description: dict[str, Any]) -> dict[str, Any]:
    """The table with a stream, which is enabled if it has none."""
    if description.get("StreamSpecification", {}).get("StreamEnabled"):
        return description
    name = description["TableName"]
    dynamodb.update_table(
        TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": _VIEW}
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return _describe(dynamodb, name) or description


def _unusable_stream(contracts: Sequence[Contract], description: Mapping[str, Any]) -> Iterable[str]:
    contract, others = contracts[0], [one for one in contracts if table_of(one).may_lose_items]
    views, lacks = _VIEWS, "lacks new images"
    if others:
        contract, views = others[0], (_VIEW,)
        lacks = f"does not show when an item stops to be one of {contract.dataset}"
    name, stream = description["TableName"], description.get("StreamSpecification", {})
    enable = (
        f"aws dynamodb update-table --table-name {name} "
        f"--stream-specification StreamEnabled=true,StreamViewType={_VIEW}"
    )
    if not stream.get("StreamEnabled"):
        yield (
            f"{contract.source}: expected a stream of the table {name}, got none. To enable it, run this "
            f"again with --enable-stream, or: {enable}"
        )
    elif stream["StreamViewType"] not in views:
        yield (
            f"{contract.source}: expected a stream of the table {name} with the view {' or '.join(views)}, "
            f"got {stream['StreamViewType']}, which {lacks}. A view can't be changed. To make "
            "another stream, to which its other readers have to be pointed as well: aws dynamodb "
            f"update-table --table-name {name} --stream-specification StreamEnabled=false && {enable}"
        )
