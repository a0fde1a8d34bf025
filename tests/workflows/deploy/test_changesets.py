"""Change sets: made, refused, discarded, executed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workflows.deploy.changesets import Change, discard, execute, make, parameters_of
from workflows.deploy.errors import DeployError
from workflows.deploy.stacks import Stack, find

if TYPE_CHECKING:
    from workflows.deploy.account import Account


def queue(seconds: int) -> dict[str, str]:
    resource = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": seconds}}
    return {"TemplateBody": json.dumps({"Resources": {"Q": resource}})}


def test_a_change_set_that_is_discarded_leaves_no_stack(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    made = make(cloudformation, "discarded", "CREATE", queue(1))
    assert made is not None

    discard(cloudformation, made)

    assert [str(change) for change in made.changes] == ["Add Q (AWS::SQS::Queue)"]
    assert find(cloudformation, "discarded") is None


def test_a_change_set_of_a_stack_is_discarded_alone(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    first = make(cloudformation, "kept", "CREATE", queue(1))
    assert first is not None
    to_make: list[int] = []
    execute(cloudformation, first, print, to_make.append)
    assert to_make == sorted(to_make, reverse=True)
    assert (to_make[0], to_make[-1]) == (1, 0)

    second = make(cloudformation, "kept", "UPDATE", queue(2))
    assert second is not None
    discard(cloudformation, second)
    nothing = make(cloudformation, "kept", "UPDATE", queue(1))

    found = find(cloudformation, "kept")
    assert found is not None
    assert found.status == "CREATE_COMPLETE"
    assert nothing is None
    left = cloudformation.list_change_sets(StackName="kept")["Summaries"]
    assert [one for one in left if one["ExecutionStatus"] == "AVAILABLE"] == []


def test_a_template_that_is_refused_changes_nothing(account: Account) -> None:
    cloudformation = account.client("cloudformation")

    with pytest.raises(DeployError, match=r"CloudFormation refused the template.*Nothing was changed"):
        make(cloudformation, "refused", "CREATE", {"TemplateBody": "Resources: {Q: {Type: 'AWS::No::Such'}}"})
    assert find(cloudformation, "refused") is None


def test_a_loss_is_what_is_removed_or_may_be_replaced() -> None:
    losses = [
        Change(action, "Q", "T", "", replacement).is_loss
        for action, replacement in (
            ("Add", ""),
            ("Modify", "False"),
            ("Modify", "Conditional"),
            ("Modify", "True"),
            ("Remove", ""),
        )
    ]

    assert losses == [False, False, True, True, True]
    assert str(Change("Modify", "Q", "T", "", "True")) == "Modify Q (T), replaced"


def test_parameters_keep_their_last_values_if_they_had_one() -> None:
    before = Stack("s", "i", "CREATE_COMPLETE", "", {"A": "1", "B": "2", "Gone": "3"}, {})

    kept = parameters_of({"B": "5"}, {"A": {}, "B": {}, "New": {}}, before)

    assert kept == [
        {"ParameterKey": "B", "ParameterValue": "5"},
        {"ParameterKey": "A", "UsePreviousValue": True},
    ]
    assert parameters_of({"B": "5"}, {"A": {}, "B": {}}, None) == kept[:1]
