"""What a stack costs at rest."""

from __future__ import annotations

import re

import pytest

from tests.workflows.expanded_template import resources as of_template
from workflows.deploy.costs import at_rest, starts_a_month
from workflows.deploy.template import TEMPLATE_FILE, Place, expand, parse, resources
from workflows.local.base.home import CHECKOUT

PAGE = (CHECKOUT / "docs" / "costs.md").read_text()


def costs(**parameters: str) -> dict[str, float]:
    template = parse(TEMPLATE_FILE.read_text())
    found = at_rest(resources(expand(template, Place("shop"), parameters)))
    return {cost.what: cost.dollars for cost in found}


def test_every_key_alarm_and_scheduled_run_is_counted() -> None:
    alarms = sum("Condition" not in alarm for alarm in of_template("AWS::CloudWatch::Alarm").values())
    functions = len(of_template("AWS::Serverless::Function"))

    found, one = costs(), costs(Datasets="products", OwnTables="products")

    # One is on the errors of all functions, two are on a metric of each dataset.
    assert found["CloudWatch alarms"] == pytest.approx((alarms - 3 + functions + 2 * 3) * 0.10)
    assert found["CloudWatch alarms"] - one["CloudWatch alarms"] == pytest.approx(2 * 2 * 0.10)
    assert found["KMS keys"] == 2.0
    assert found["job runs of ingest by schedule"] == pytest.approx(720 * 2 * 2 / 60 * 0.44)
    assert found["job runs of care by schedule"] == pytest.approx(30 * 3 * 2 / 60 * 0.44)


def test_alarms_about_a_dataset_of_an_existing_table_are_counted() -> None:
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/Shop"
    existing = {"SourceTables": table, "SourceStreams": f"{table}/stream/2026-11-30T12:00:00.000"}

    own, one_of_others = (
        costs(Datasets="a,b", OwnTables="a,b"),
        costs(Datasets="a,b", OwnTables="a", **existing),
    )

    assert one_of_others["CloudWatch alarms"] == own["CloudWatch alarms"]


def test_more_workers_and_fewer_runs_change_the_price() -> None:
    assert costs(JobWorkers="4")["job runs of care by schedule"] == pytest.approx(30 * 3 * 4 / 60 * 0.44)
    assert costs(SweepSchedule="rate(1 day)")["job runs of ingest by schedule"] == pytest.approx(
        30 * 2 * 2 / 60 * 0.44
    )


def test_continuous_mode_costs_a_streaming_job_instead_of_scheduled_runs() -> None:
    found = costs(IngestMode="continuous")

    assert found["streaming job of ingest"] == pytest.approx(720 * 2 * 0.25 * 0.44)
    assert "job runs of ingest by schedule" not in found


@pytest.mark.parametrize(
    ("schedule", "starts"),
    [("rate(1 hour)", 720), ("rate(30 days)", 1), ("cron(0 3 ? * SUN *)", 4), ("cron(0 3 L * ? *)", 0)],
)
def test_a_schedule_fires_so_often_a_month(schedule: str, starts: int) -> None:
    assert starts_a_month(schedule) == starts


def test_the_page_about_costs_says_the_same() -> None:
    rows = re.findall(r"^\| ([^|]+?) +\| +(\d+\.\d\d) \|$", PAGE.partition("## At rest")[2], re.MULTILINE)

    assert {name: float(dollars) for name, dollars in rows} == {
        what: pytest.approx(dollars, abs=0.005) for what, dollars in costs().items()
    }
