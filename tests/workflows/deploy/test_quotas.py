"""Limits that a deployment may meet."""

from __future__ import annotations

import pytest

from tests.workflows.deploy.stubs import account_with, stubbed
from tests.workflows.expanded_template import TEMPLATE
from workflows.deploy.findings import Verdict
from workflows.deploy.quotas import lambda_concurrency, template_limits
from workflows.deploy.template import Place, expand


@pytest.mark.parametrize(
    ("datasets", "verdict"), [(3, Verdict.FINE), (30, Verdict.FINE), (60, Verdict.WRONG)]
)
def test_cloudformation_takes_so_many_datasets(datasets: int, verdict: Verdict) -> None:
    names = ",".join(f"d{number}" for number in range(datasets))
    expanded = expand(TEMPLATE, Place("shop"), {"Datasets": names, "OwnTables": names})

    [finding] = template_limits(expanded, datasets)

    assert finding.verdict is verdict
    assert "resources of 500, " in finding.message


@pytest.mark.parametrize(("limit", "verdict"), [(10, Verdict.WARNING), (1000, Verdict.FINE)])
def test_a_new_account_is_warned_of_its_few_functions_at_once(limit: int, verdict: Verdict) -> None:
    settings = {"AccountLimit": {"ConcurrentExecutions": limit}}
    account = account_with(**{"lambda": stubbed("lambda", ("get_account_settings", settings))})

    [finding] = lambda_concurrency(account, 3)

    assert finding.verdict is verdict
    assert str(limit) in finding.message
