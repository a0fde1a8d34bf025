"""Compares contracts with those that a stack has, before they replace them.

Live tables alone do not show everything: a dataset may have items and files that no table has yet, and a
table follows its contract only when the next batch is checked. So a contract is compared with its
predecessor too, by the same rules, if the dataset has any data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from expectations.declared import Declared
from expectations.evolution import Declaration, LiveTable, plan
from jobs.intake.doors import DOORS
from workflows.contracts.live_tables import ContractsRefused, describe, plans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from expectations.contract import Contract
    from workflows.stack.target import Target


def compare_with_deployed(
    target: Target, deployed: Mapping[str, Contract], wanted: Mapping[str, Contract]
) -> dict[str, list[str]]:
    """What changes in the columns of each dataset, in words, by dataset.

    Raises ContractsRefused, with all reasons, if the data of a dataset can't follow its contract.
    """
    tables = plans(target, wanted)
    refusals = [refusal for planned in tables.values() for refusal in planned.refusals]
    changes: dict[str, list[str]] = {}
    for name in sorted(wanted.keys() & deployed.keys()):
        # Whether a column has a value in each row was judged on the table, if there is one.
        planned = plan(as_table(deployed[name]), wanted[name], lambda _: name not in tables)  # noqa: B023
        changes[name] = [describe(one) for one in planned.changes if not isinstance(one, Declaration)]
        if planned.refusals and has_data(target, wanted[name]):
            refusals += planned.refusals
    if refusals:
        raise ContractsRefused(refusals)
    return changes


def as_table(contract: Contract) -> LiveTable:
    """The table that holds exactly what a contract accepts."""
    columns = tuple(replace(column, required=column.name in contract.key) for column in contract.columns)
    return LiveTable(columns, contract.partitions, Declared.of(contract))


def has_data(target: Target, contract: Contract) -> bool:
    """Whether a dataset has items or landed files."""
    dataset = contract.dataset
    dynamodb, s3 = target.client("dynamodb"), target.client("s3")
    try:
        items = dynamodb.scan(TableName=contract.table_name(target.output("TablePrefix")), Limit=1)["Count"]
    except dynamodb.exceptions.ResourceNotFoundException:
        items = 0
    bucket = target.output("RawBucket")
    return bool(items) or any(
        s3.list_objects_v2(Bucket=bucket, Prefix=door.folder(dataset), MaxKeys=1)["KeyCount"]
        for door in DOORS.values()
    )
