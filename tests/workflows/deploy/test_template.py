"""The template with its parameters put in."""

from __future__ import annotations

import re

import pytest

from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.template import Place, expand, holds, resources

PLACE = Place("shop", "eu-west-1", "123456789012")


def test_loops_are_unrolled_and_names_are_those_of_the_stack() -> None:
    found = resources(
        expand(TEMPLATE, PLACE, dict.fromkeys(("Datasets", "OwnTables"), "orderXlines,products"))
    )

    assert found["TableorderXlines"].properties["TableName"] == "shop-order_lines"
    assert found["UserPoolDomain"].properties["Domain"] == "shop-123456789012"
    assert found["TableorderXlines"].is_retained
    assert not found["Alerts"].is_retained
    assert found["Lake"].properties["DatabaseInput"]["Name"] == "shop_lake"


def test_no_name_that_cloudformation_itself_knows_is_left() -> None:
    given = {"Datasets": "products", "OtherIssuers": '{"issuer": "https://a", "audience": ["b"]}'}

    found = resources(expand(TEMPLATE, PLACE, given))

    assert (
        re.findall(r"AWS::[A-Za-z]+(?=[}'])", str({name: one.properties for name, one in found.items()}))
        == []
    )


def test_a_function_has_the_properties_that_all_functions_have_and_its_own() -> None:
    source = resources(expand(TEMPLATE, PLACE, {"Architecture": "x86_64"}))["Source"]

    assert source.type == "AWS::Lambda::Function"
    assert source.properties["Architectures"] == ["x86_64"]
    assert source.properties["Timeout"] == 60
    assert source.properties["Environment"]["Variables"].keys() > {"POWERTOOLS_LOG_LEVEL", "DATA_API_URL"}


@pytest.mark.parametrize(("mail", "is_there"), [("", False), ("a@b.c", True)])
def test_a_resource_with_a_condition_is_there_if_it_holds(mail: str, is_there: bool) -> None:
    assert ("AlertsByMail" in resources(expand(TEMPLATE, PLACE, {"AlertEmail": mail}))) is is_there


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Fn::Equals": ["a", "b"]}, False),
        ({"Fn::Not": [{"Fn::Equals": ["a", "b"]}]}, True),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]}, True),
        (True, True),
    ],
)
def test_a_condition_is_evaluated(condition: object, expected: bool) -> None:
    named = {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Equals": ["a", "b"]}}

    assert holds(named, condition) is expected


def test_a_condition_of_another_form_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a condition with plain values"):
        holds({}, {"Fn::Contains": []})
