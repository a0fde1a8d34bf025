"""Names that the stack would take, and that something else in the account has already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.deploy.account import pages
from workflows.deploy.findings import checked, fine, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflows.deploy.account import Account
    from workflows.deploy.findings import Finding
    from workflows.deploy.template import Resource

_SUBJECT: Final = "names"


@dataclass(frozen=True, slots=True)
class Listing:
    """How to list the resources of a type: service, operation, and where the names are in its answer."""

    service: str
    operation: str
    items: str
    name: str | None  # None: each item is a name
    property: tuple[str, ...] = ("Name",)  # where a template has the name


LISTINGS: Final[dict[str, Listing]] = {
    "AWS::Athena::WorkGroup": Listing("athena", "list_work_groups", "WorkGroups", "Name"),
    "AWS::CloudWatch::Alarm": Listing(
        "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", ("AlarmName",)
    ),
    "AWS::CloudWatch::Dashboard": Listing(
        "cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName", ("DashboardName",)
    ),
    "AWS::DynamoDB::Table": Listing("dynamodb", "list_tables", "TableNames", None, ("TableName",)),
    "AWS::Events::Rule": Listing("events", "list_rules", "Rules", "Name"),
    "AWS::Glue::Database": Listing(
        "glue", "get_databases", "DatabaseList", "Name", ("DatabaseInput", "Name")
    ),
    "AWS::Glue::Job": Listing("glue", "list_jobs", "JobNames", None),
    "AWS::Glue::SecurityConfiguration": Listing(
        "glue", "get_security_configurations", "SecurityConfigurations", "Name"
    ),
    "AWS::Glue::Trigger": Listing("glue", "list_triggers", "TriggerNames", None),
    "AWS::Glue::Workflow": Listing("glue", "list_workflows", "Workflows", None),
    "AWS::Lambda::Function": Listing(
        "lambda", "list_functions", "Functions", "FunctionName", ("FunctionName",)
    ),
    "AWS::Logs::LogGroup": Listing(
        "logs", "describe_log_groups", "logGroups", "logGroupName", ("LogGroupName",)
    ),
}


def taken(account: Account, added: Iterable[Resource]) -> Iterator[tuple[Resource, str]]:
    """The resources that the stack would make under a name that exists already."""
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for resource in added:
        by_type[resource.type].append(resource)
    for kind, resources in by_type.items():
        if kind not in LISTINGS:
            continue
        listing = LISTINGS[kind]
        wanted = {name: resource for resource in resources if (name := name_of(listing, resource))}
        if wanted:
            existing = set(_names(account.client(listing.service), listing))
            yield from ((resource, name) for name, resource in wanted.items() if name in existing)


def collisions(account: Account, added: Iterable[Resource], ours: Iterable[str]) -> Iterator[Finding]:
    """What is in the way of the resources that are made; `ours` are logical ids that are adopted instead."""
    adopted = set(ours)
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for resource in added:
        if resource.logical_id not in adopted:
            by_type[resource.type].append(resource)
    findings = [
        finding
        for resources in by_type.values()
        for finding in checked(_SUBJECT, partial(_in_the_way, account, resources))
    ]
    findings += _domains_in_the_way(account, by_type["AWS::Cognito::UserPoolDomain"])
    yield from findings or [fine(_SUBJECT, "nothing in the account has a name that the stack takes")]


def _in_the_way(account: Account, resources: Iterable[Resource]) -> Iterator[Finding]:
    for resource, name in taken(account, resources):
        kept = (
            "If it was left by an earlier stack of this name, adopt it: --adopt. Otherwise deploy"
            if resource.is_retained
            else "Delete it, if it is a leftover; or deploy"
        )
        yield wrong(
            _SUBJECT,
            f"{name} ({resource.type}) exists already and belongs to no part of this stack. {kept} under "
            "another name: --stack NAME.",
        )


def _domains_in_the_way(account: Account, resources: Iterable[Resource]) -> Iterator[Finding]:
    """Domains of Cognito are unique among all accounts, and can't be listed."""
    for resource in resources:
        domain = resource.properties["Domain"]
        try:
            answer = account.client("cognito-idp").describe_user_pool_domain(Domain=domain)
        except ClientError:
            continue
        if answer.get("DomainDescription"):
            yield wrong(
                _SUBJECT, f"the Cognito domain {domain} is taken. Deploy under another name: --stack NAME."
            )


def name_of(listing: Listing, resource: Resource) -> str | None:
    """The name that the template gives a resource; None if CloudFormation makes one."""
    value: Any = resource.properties
    for part in listing.property:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _names(client: Any, listing: Listing) -> Iterator[str]:
    for item in pages(client, listing.operation, listing.items):
        yield item if listing.name is None else item[listing.name]
