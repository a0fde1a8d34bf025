"""Names that something else has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.collisions import LISTINGS, collisions, name_of
from workflows.deploy.findings import Verdict
from workflows.deploy.template import Place, Resource, expand, resources

if TYPE_CHECKING:
    from workflows.deploy.account import Account

WANTED = resources(expand(TEMPLATE, Place("clash"), {"Datasets": "products", "OwnTables": "products"}))


def test_nothing_is_in_the_way_in_an_empty_account(account: Account) -> None:
    named = [one for one in WANTED.values() if one.type != "AWS::Glue::Database"]

    assert [one.verdict for one in collisions(account, named, ())] == [Verdict.FINE]


def test_a_table_and_a_queue_of_others_are_told_apart_from_what_is_adopted(account: Account) -> None:
    account.client("dynamodb").create_table(
        TableName="clash-products",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "_key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "_key", "KeyType": "HASH"}],
    )
    account.client("logs").create_log_group(logGroupName="/aws/lambda/clash-source")
    some = [WANTED["Tableproducts"], WANTED["SourceLogs"], WANTED["Key"]]

    table, group = collisions(account, some, ())
    adopted = list(collisions(account, some, ["Tableproducts"]))

    assert "clash-products (AWS::DynamoDB::Table) exists already" in table.message
    assert "adopt it: --adopt" in table.message
    assert "/aws/lambda/clash-source (AWS::Logs::LogGroup) exists already" in group.message
    assert adopted == [group]


def test_a_domain_that_somebody_has_is_in_the_way(account: Account) -> None:
    cognito = account.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="other")["UserPool"]["Id"]
    cognito.create_user_pool_domain(Domain="clash-000000000000", UserPoolId=pool)
    domain = Resource(
        "D", "AWS::Cognito::UserPoolDomain", {"Domain": "clash-000000000000", "UserPoolId": "x"}
    )

    [finding] = collisions(account, [domain], ())

    assert finding.verdict is Verdict.WRONG
    assert "the Cognito domain clash-000000000000 is taken" in finding.message


def test_each_listing_finds_the_names_of_the_template() -> None:
    named = {one.type for one in WANTED.values() if one.type in LISTINGS}

    assert named == LISTINGS.keys()
    for kind in named:
        assert any(name_of(LISTINGS[kind], one) for one in WANTED.values() if one.type == kind), kind


@pytest.mark.parametrize("kind", LISTINGS)
def test_each_listing_can_be_asked_for(account: Account, kind: str) -> None:
    listing = LISTINGS[kind]
    resource = next(one for one in WANTED.values() if one.type == kind and name_of(listing, one))

    [*findings] = collisions(account, [Resource("X", kind, resource.properties)], ())

    assert Verdict.UNKNOWN not in {one.verdict for one in findings}, listing
