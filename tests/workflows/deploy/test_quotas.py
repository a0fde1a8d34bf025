"""Limits that a deployment may meet."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.workflows.deploy.stubs import account_with, stubbed
from tests.workflows.expanded_template import TEMPLATE
from workflows.dataset_parameter import dataset_parameter
from workflows.deploy.findings import Verdict
from workflows.deploy.quotas import MOST_BYTES, lambda_concurrency, template_limits
from workflows.deploy.template import Place, expand, resources

if TYPE_CHECKING:
    from workflows.deploy.findings import Finding
    from workflows.deploy.template import Json


MODES = [{"IngestMode": mode, "AlertEmail": "a@b.c"} for mode in ("workflow", "continuous")]
GRANTED = {**MODES[0], "LakeFormationGrants": "true"}
# What a parameter and policies may have at most: https://docs.aws.amazon.com/general/latest/gr/cfn.html and
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MOST_OUTPUTS, MOST_PARAMETERS = 200, 200
MOST_CHARACTERS_OF_A_ROLE, MOST_CHARACTERS_OF_A_POLICY = 10_240, 6_144


def named(number: int, length: int = 13) -> list[str]:
    """So many names of datasets of this length."""
    return [f"d_{one:03d}".ljust(length, "x") for one in range(number)]


def expanded_for(datasets: list[str], **parameters: str) -> Json:
    names = dataset_parameter(datasets)
    return expand(TEMPLATE, Place("shop"), {**parameters, "Datasets": names, "OwnTables": names})


def finding_for(datasets: list[str], **parameters: str) -> Finding:
    [finding] = template_limits(expanded_for(datasets, **parameters), datasets)
    return finding


@pytest.mark.parametrize("mode", MODES)
def test_two_hundred_datasets_fit_into_a_stack(mode: dict[str, str]) -> None:
    finding = finding_for(named(200), **mode)

    assert finding.verdict is Verdict.FINE, finding.message
    assert "resources of 500, " in finding.message


def test_two_hundred_datasets_are_within_the_other_limits_of_aws() -> None:
    expanded = expanded_for(named(200, 19), **MODES[1])
    made = resources(expanded).values()
    policies = [one.properties["PolicyDocument"] for one in made if one.type == "AWS::IAM::ManagedPolicy"]
    inline = [json.dumps(one.properties.get("Policies", "")) for one in made if one.type == "AWS::IAM::Role"]

    assert len(expanded["Outputs"]) < MOST_OUTPUTS
    assert len(expanded["Parameters"]) < MOST_PARAMETERS
    assert max(map(len, inline)) < MOST_CHARACTERS_OF_A_ROLE
    assert max(len(json.dumps(one)) for one in policies) < MOST_CHARACTERS_OF_A_POLICY
    assert len(json.dumps(expanded)) < 0.8 * MOST_BYTES
    by_dataset = [one for one in made if "d_150" in json.dumps(one.properties)]
    assert [one.type for one in by_dataset] == ["AWS::DynamoDB::Table"]  # the stream refers to it
    assert any("Tabled" in json.dumps(one.properties) for one in made if one.type.endswith("Mapping"))


@pytest.mark.parametrize("parameters", [*MODES, GRANTED])
def test_a_stack_takes_as_many_datasets_as_it_says_and_not_one_more(parameters: dict[str, str]) -> None:
    said = re.search(r"3 datasets of (\d+)", finding_for(named(3), **parameters).message)
    assert said
    fit = int(said[1])

    assert finding_for(named(fit), **parameters).verdict is Verdict.FINE
    refused = finding_for(named(fit + 1), **parameters)

    assert refused.verdict is Verdict.WRONG
    assert (
        f"{fit + 1} datasets of {fit} that CloudFormation allows in a stack. Deploy some" in refused.message
    )


def test_names_of_datasets_that_are_too_long_together_are_refused() -> None:
    assert finding_for(named(200, 19)).verdict is Verdict.FINE

    refused = finding_for(named(200, 20))

    assert refused.verdict is Verdict.WRONG
    assert "have 4,199 bytes of 4,096" in refused.message


@pytest.mark.parametrize(("limit", "verdict"), [(10, Verdict.WARNING), (1000, Verdict.FINE)])
def test_a_new_account_is_warned_of_its_few_functions_at_once(limit: int, verdict: Verdict) -> None:
    settings = {"AccountLimit": {"ConcurrentExecutions": limit}}
    account = account_with(**{"lambda": stubbed("lambda", ("get_account_settings", settings))})

    [finding] = lambda_concurrency(account, 3)

    assert finding.verdict is verdict
    assert str(limit) in finding.message
