"""What checked batches tell about their lineage. tests/jobs/test_few_rows.py reads that of a real batch."""

from typing import Any

import pytest

from expectations.odcs import load_contracts
from jobs.ingest.check_lineage import assertions_of, inputs_of, tell_check_failed, tell_checked
from jobs.intake.batches import Batches
from jobs.intake.doors import DROP, EXPORT, STREAM, Door
from jobs.intake.manifest import Manifest, ManifestFile
from jobs.intake.results import FileCount
from jobs.lineage.events import Dataset, Input
from jobs.quality.validation import ValidationResult
from tests.jobs.ingest.test_merge_lineage import AT, batches_with_lineage
from tests.jobs.lineage.published import check_event


def file(door: Door, name: str, size: int = 10) -> ManifestFile:
    key = f"{door.folder('orders')}{name}"
    return ManifestFile("raw", key, "e", None, size, AT.isoformat(), "orders", door.name, "csv")


def counted(some: ManifestFile, rows: int) -> FileCount:
    return FileCount("orders", some.source_file, some.door, rows, rows, 0)


def test_a_drop_is_an_input_and_so_is_the_stream_as_a_whole() -> None:
    files = [file(STREAM, "a"), file(DROP, "b.csv"), file(STREAM, "c"), file(EXPORT, "d")]

    inputs = inputs_of(files, [counted(one, 3) for one in files])

    assert inputs == [
        Input(Dataset("s3://raw", "drops/orders/b.csv"), 3, 1, 10),
        Input(Dataset("s3://raw", "exports/orders"), 3, 1, 10),
        Input(Dataset("s3://raw", "stream/orders"), 6, 2, 20),
    ]


def test_many_drops_are_one_input() -> None:
    files = [file(DROP, f"{number}.csv") for number in range(51)]

    assert inputs_of(files, [counted(one, 1) for one in files]) == [
        Input(Dataset("s3://raw", "drops/orders"), 51, 51, 510)
    ]


def test_a_version_that_was_replaced_counts_its_rows_once() -> None:
    twice = [file(DROP, "a.csv"), file(DROP, "a.csv")]

    [read] = inputs_of(
        twice, [counted(twice[0], 4), FileCount("orders", twice[0].source_file, "drop", 0, 0, 0, 1)]
    )

    assert (read.rows, read.files) == (4, 2)


def test_a_dataset_whose_check_failed_has_the_error_without_values() -> None:
    batches, written = batches_with_lineage()

    tell_check_failed(batches, Manifest("wr_1", AT.isoformat()), {"orders": ValueError("got 'Smith'")})

    [start, fail] = written.steps["wr_1", "check-failed"]
    for event in (start, fail):
        check_event(event)
    assert (start["eventType"], fail["eventType"]) == ("START", "FAIL")
    assert fail["run"]["facets"]["errorMessage"]["message"] == "ValueError: got '…'"


def test_without_a_log_nothing_is_told() -> None:
    nothing: Any = None
    manifest = Manifest("wr_1", AT.isoformat())

    tell_checked(Batches(nothing, "lake"), manifest, [], AT)
    tell_check_failed(Batches(nothing, "lake"), manifest, {"orders": ValueError()})


@pytest.mark.filterwarnings("ignore::DeprecationWarning:great_expectations")
@pytest.mark.filterwarnings("ignore:module 'sre_constants' is deprecated:DeprecationWarning")
def test_each_rule_is_an_assertion_about_its_column_or_the_dataset() -> None:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

    from expectations.suite import build_suite

    contract = load_contracts()["transactions"]
    suite = build_suite(contract)
    results = [
        ExpectationValidationResult(success=number > 0, expectation_config=one.configuration)
        for number, one in enumerate(suite.expectations)
    ]
    result = ExpectationSuiteValidationResult(
        success=False, results=results, suite_name=suite.name, statistics={}, meta={}
    )

    found = {one.name: one for one in assertions_of(ValidationResult(suite, result))}

    assert len(found) == len(contract.rules)
    assert [one.name for one in found.values() if not one.success] == [contract.rules[0].name]
    assert found["basket_id.required"].column == "basket_id"
    assert found["updated_at.after_sale"].column is None
    assert found["updated_at.after_sale"].expectation == "expect_column_pair_values_a_to_be_greater_than_b"
