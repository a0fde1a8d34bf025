"""What a deployment will make, change, replace and remove."""

from __future__ import annotations

from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.plan import Plan, compare, fixed_properties
from workflows.deploy.template import Place, Resource, expand, resources


def of(**parameters: str) -> dict[str, Resource]:
    tables = {"OwnTables": parameters["Datasets"]} if "Datasets" in parameters else {}
    return resources(expand(TEMPLATE, Place("shop"), tables | parameters))


def text(plan: Plan) -> str:
    return "\n".join(plan.lines())


def test_a_first_deployment_makes_everything_and_names_what_outlives_the_stack() -> None:
    plan = compare({}, of(Datasets="products"))

    assert "   2  AWS::DynamoDB::Table" in text(plan)  # that of the dataset, and that of answers
    assert plan.losses == set()
    assert {one.logical_id for one in plan.retained} >= {
        "Key",
        "ErasureKey",
        "UserPool",
        "RawBucket",
        "LakeBucket",
        "Tableproducts",
    }


def test_the_same_template_changes_nothing() -> None:
    plan = compare(of(), of())

    assert (plan.added, plan.changed, plan.removed) == ((), (), ())
    assert "It changes no resource." in text(plan)


def test_a_parameter_changes_the_resources_that_refer_to_it() -> None:
    plan = compare(of(), of(RawRetentionDays="45"))

    assert {one.resource.logical_id for one in plan.changed} >= {"RawBucket", "Jobmaintain"}
    assert plan.losses == set()


def test_a_dataset_more_is_added_and_a_dataset_less_removed_while_its_table_stays() -> None:
    more = compare(of(Datasets="products"), of(Datasets="products,orders"))
    less = compare(of(Datasets="products,orders"), of(Datasets="products"))

    assert {one.logical_id for one in more.added} == {one.logical_id for one in less.removed}
    assert "It REMOVES 2 resources:" in text(less)
    assert "Tableorders (AWS::DynamoDB::Table); the old one stays, without a stack" in text(less)


def test_another_name_replaces_a_resource_and_stands_out() -> None:
    before, after = ({"T": Resource("T", "AWS::DynamoDB::Table", {"TableName": name})} for name in "ab")

    plan = compare(before, after)

    assert plan.losses == {"T"}
    assert "It REPLACES 1 resources." in text(plan)
    assert "T (AWS::DynamoDB::Table): TableName; the old one is deleted" in text(plan)


def test_another_type_under_one_name_is_a_replacement() -> None:
    before = {"T": Resource("T", "AWS::SQS::Queue", {})}

    assert compare(before, {"T": Resource("T", "AWS::SNS::Topic", {})}).losses == {"T"}


def test_numbers_and_booleans_are_the_same_as_their_text() -> None:
    before, after = (
        {"Q": Resource("Q", "AWS::SQS::Queue", {"DelaySeconds": seconds, "FifoQueue": fifo, "Tags": [fifo]})}
        for seconds, fifo in ((5, True), ("5", "true"))
    )

    assert compare(before, after).changed == ()


def test_properties_that_can_not_be_changed_are_those_of_the_schema() -> None:
    assert ("TableName",) in fixed_properties("AWS::DynamoDB::Table")
    assert fixed_properties("AWS::KMS::Key") == []
