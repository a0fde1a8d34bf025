"""Limits of the account and of CloudFormation that a deployment may meet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from workflows.dataset_parameter import dataset_parameter
from workflows.deploy.findings import fine, warning, wrong
from workflows.deploy.template import without_absent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from workflows.deploy.account import Account
    from workflows.deploy.findings import Finding

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MOST_RESOURCES: Final = 500
MOST_BYTES: Final = 1_000_000
MOST_BYTES_OF_A_PARAMETER: Final = 4_096
RESOURCES_OF_A_DATASET: Final = 2  # its table, and the mapping of the table's stream
# `source` runs five times at once, each of which calls the API; a table of DynamoDB has four shards at first.
_FOR_QUEUE_AND_API: Final = 5 * 3
_SHARDS: Final = 4


def template_limits(expanded: Mapping[str, Any], datasets: Collection[str]) -> Iterator[Finding]:
    """Whether CloudFormation takes so many resources and bytes, and so long a list of datasets."""
    subject = "size of the stack"
    template = without_absent(dict(expanded), expanded.get("Conditions", {}))
    size, resources = len(json.dumps(template).encode()), len(template["Resources"])
    others = resources - RESOURCES_OF_A_DATASET * len(datasets)
    fit = (MOST_RESOURCES - others) // RESOURCES_OF_A_DATASET
    found = (
        f"{resources} resources of {MOST_RESOURCES}, {size:,} bytes of {MOST_BYTES:,}, "
        f"{len(datasets)} datasets of {fit}"
    )
    elsewhere = (
        "some of the datasets in a stack of their own: contracts in another checkout, and --stack NAME."
    )
    listed = len(dataset_parameter(datasets).encode())
    if resources > MOST_RESOURCES or size > MOST_BYTES:
        yield wrong(subject, f"{found} that CloudFormation allows in a stack. Deploy {elsewhere}")
    elif listed > MOST_BYTES_OF_A_PARAMETER:
        yield wrong(
            subject,
            f"the names of the {len(datasets)} datasets have {listed:,} bytes of "
            f"{MOST_BYTES_OF_A_PARAMETER:,} that CloudFormation allows in a parameter. Name new datasets "
            f"shorter, or deploy {elsewhere}",
        )
    else:
        yield fine(subject, found)


def lambda_concurrency(account: Account, datasets: int) -> Iterator[Finding]:
    """Whether the account may run as many functions at once as a busy stack needs."""
    subject = "Lambda concurrency"
    limit = account.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    needed = _FOR_QUEUE_AND_API + _SHARDS * datasets
    if limit >= needed:
        yield fine(subject, f"{limit} functions may run at once, {needed} are enough for a busy stack")
        return
    yield warning(
        subject,
        f"this account may run {limit} functions at once, and a busy stack of {datasets} datasets {needed}: "
        "messages wait, and callers of the API are throttled. New accounts have 10. Ask for more: aws "
        "service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
        "--desired-value 1000",
    )
