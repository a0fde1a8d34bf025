"""A stack keeps the values of parameters that were renamed, and names those that are gone."""

from __future__ import annotations

from tests.workflows.deploy.test_upgrade import release
from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.renamed_parameters import RENAMED, forgotten_values, renamed_values


def test_a_value_moves_to_the_new_name_unless_that_has_one() -> None:
    assert renamed_values({"JobsWheel": "a", "AlertEmail": "b"}) == {"JobsCode": "a"}
    assert renamed_values({"JobsWheel": "a", "JobsCode": "c"}) == {}


def test_values_that_were_set_and_have_no_parameter_now_are_forgotten() -> None:
    before = {"Gone": "set", "Usual": "5", "Kept": "1", "JobsWheel": "a"}
    deployed = {"Gone": {}, "Usual": {"Default": 5}, "Kept": {}, "JobsWheel": {}}

    assert forgotten_values(before, deployed, {"Kept": {}}) == {"Gone": "set"}


def test_no_stack_of_the_last_release_loses_a_setting() -> None:
    assert {name for name in release()["Parameters"] if name not in TEMPLATE["Parameters"]} <= RENAMED.keys()


def test_each_rename_leads_from_a_name_that_the_template_has_no_more_to_one_that_it_has() -> None:
    assert [old for old, new in RENAMED.items() if old in TEMPLATE["Parameters"]] == []
    assert [new for new in RENAMED.values() if new not in TEMPLATE["Parameters"]] == []
