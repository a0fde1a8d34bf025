"""The events of one dataset of one batch, compared with what OpenLineage publishes."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openlineage.client.naming.dataset import Athena

from expectations.contract import Column, Contract
from expectations.odcs import load_contracts
from jobs.lineage.events import (
    CHECK,
    MERGE,
    Assertion,
    Dataset,
    Event,
    Input,
    Run,
    athena_table,
    completed,
    failed,
    written,
)
from tests.jobs.lineage.published import check_event

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
RUN = Run("glueline/shop", CHECK, "wr_1", "orders", AT)
DROP = Dataset("s3://raw", "drops/orders/a.csv")
TABLE = athena_table("eu-central-1", "shop_lake", "orders_changes")
CONTRACT = Contract(
    "orders",
    "1.0.0",
    "",
    (
        Column("id", "long", aliases=("orderId",), description="The order."),
        Column("to", "struct<city: string>", fields=(Column("city", "string"),)),
    ),
    ("id",),
)


def events() -> list[Event]:
    output = written(TABLE, CONTRACT, [DROP], 3, by_alias=True)
    assertions = [
        Assertion("id.required", "expect_column_values_to_not_be_null", True, "id"),
        Assertion("any", "expect_table_row_count_to_be_between", False),
    ]
    return completed(RUN, AT + timedelta(seconds=2), [Input(DROP, 4, 1, 100)], output, assertions)


def test_a_step_starts_and_completes_as_one_run_of_the_batch() -> None:
    start, complete = events()

    assert [start["eventType"], complete["eventType"]] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == complete["run"]["runId"] == RUN.run_id
    assert complete["job"]["name"] == "check.orders"
    assert complete["run"]["facets"]["parent"]["run"]["runId"] == RUN.batch_run_id
    assert complete["run"]["facets"]["glueline_batch"]["batchId"] == "wr_1"
    assert (start["eventTime"], complete["eventTime"]) == (
        "2026-11-30T12:00:00+00:00",
        "2026-11-30T12:00:02+00:00",
    )


def test_a_repeated_step_is_the_same_run_and_every_other_step_another() -> None:
    others = [
        replace(RUN, step=MERGE),
        replace(RUN, batch_id="wr_2"),
        replace(RUN, dataset="lines"),
        replace(RUN, namespace="glueline/dev"),
    ]

    assert replace(RUN, started=AT + timedelta(days=1)).run_id == RUN.run_id
    assert len({one.run_id for one in [RUN, *others]}) == 5


def test_counts_and_the_results_of_rules_belong_to_what_was_read() -> None:
    [read] = events()[1]["inputs"]

    statistics = read["inputFacets"]["inputStatistics"]
    assert (statistics["rowCount"], statistics["fileCount"], statistics["size"]) == (4, 1, 100)
    assert read["inputFacets"]["dataQualityAssertions"]["assertions"] == [
        {
            "assertion": "expect_column_values_to_not_be_null",
            "success": True,
            "column": "id",
            "name": "id.required",
        },
        {"assertion": "expect_table_row_count_to_be_between", "success": False, "name": "any"},
    ]
    [output] = events()[1]["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3


@pytest.mark.parametrize(("by_alias", "fields"), [(True, ["id", "orderId"]), (False, ["id"])])
def test_a_column_comes_from_the_fields_that_the_contract_reads_it_from(
    by_alias: bool, fields: list[str]
) -> None:
    output = written(TABLE, CONTRACT, [DROP], None, by_alias=by_alias)

    lineage = output["facets"]["columnLineage"]["fields"]
    assert [one["field"] for one in lineage["id"]["inputFields"]] == fields
    assert set(lineage) == {"id", "to"}
    assert output["facets"]["schema"]["fields"][1]["fields"] == [{"name": "city", "type": "string"}]
    assert "outputFacets" not in output


def test_a_failed_step_has_its_error() -> None:
    [_, fail] = failed(RUN, AT, "ContractError: no such column")

    assert fail["eventType"] == "FAIL"
    assert fail["run"]["facets"]["errorMessage"]["message"] == "ContractError: no such column"


def test_tables_have_the_names_that_others_give_them() -> None:
    naming = Athena("eu-central-1", "awsdatacatalog", "shop_lake", "orders_changes")

    assert Dataset(naming.get_namespace(), naming.get_name()) == TABLE


def test_every_event_is_what_openlineage_publishes() -> None:
    for event in [*events(), *failed(RUN, AT, "it broke")]:
        check_event(event)


@pytest.mark.parametrize("dataset", load_contracts())
def test_the_events_of_the_projects_contracts_are_what_openlineage_publishes(dataset: str) -> None:
    output = written(TABLE, load_contracts()[dataset], [DROP], 1, by_alias=True)

    for event in completed(RUN, AT, [Input(DROP, None, None)], output):
        check_event(event)


def broken(path: list[Any], value: Any) -> Event:
    event = copy.deepcopy(events()[1])
    inner = event
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return event


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["run", "runId"], "wr_1"),
        (["eventTime"], "2026-11-30"),
        (["outputs", 0, "outputFacets", "outputStatistics", "rowCount"], "3"),
        (["outputs", 0, "facets", "schema", "fields", 0, "kind"], "long"),
        (["inputs", 0, "inputFacets", "inputStatistics", "_schemaURL"], "https://openlineage.io/spec"),
        (["inputs", 0, "outputFacets"], {}),
        (["outputs", 0, "facets", "columnLineage", "fields", "id"], {}),
    ],
)
def test_the_comparison_finds_what_is_wrong(path: list[Any], value: Any) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check_event(broken(path, value))
