"""One contract has one meaning: a row gets the same verdict at every door, and becomes the same values.

Each row goes through each door that can carry it: as message, API body, JSON Lines, CSV, Parquet, stream
record and line of an export. The queue and the API answer with violations of the JSON Schema, the jobs with
reasons. Both become (place, kind of rule).

Intended differences: a file of a format that names its columns once is rejected as a whole if it names
another one; all fields of CSV are text; items have the columns' own names; only the API rejects what DynamoDB
can't store.
"""

from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pyspark.sql import DataFrame

from expectations.align import align
from expectations.contract import Contract
from jobs.checking.checked_dataset import add_rule_reasons
from jobs.doors.parsers import PARSERS
from jobs.intake.doors import DROP, EXPORT, STREAM
from jobs.quality.validation import prepare
from jobs.reading.received import IS_UNTYPED, RECEIVED
from lambdas.data_api.changes import Checker, Event
from lambdas.data_api.problems import Problem
from lambdas.exact_json import dumps, loads
from lambdas.source.events import DeadLetter
from lambdas.source.messages import Reader
from lambdas.validation import Validators, Violation
from tests.jobs.builders import SENT
from tests.jobs.received_rows import ReceivedCase, received_cases
from tests.jobs.row_faults import Fault, fault_of, faults_of_reasons, first_found
from tests.jobs.row_values import plain, typed
from tests.jobs.rows_at_doors import Sent, through_the_doors
from tests.properties import examples

if TYPE_CHECKING:
    from pyspark.sql import Row, SparkSession

_NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # it takes many runs of Spark


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of sixty rows
@settings(max_examples=examples(2, deep=100), phases=_NO_SHRINKING, suppress_health_check=list(HealthCheck))
@given(case=received_cases())
def test_a_row_means_the_same_at_every_door(small_data_spark: "SparkSession", case: ReceivedCase) -> None:
    contract = case.contract
    sent = [one for row in case.rows for one in through_the_doors(contract, row)]
    checker = Judge(contract)

    judged = judge_in_jobs(small_data_spark, contract, sent)

    for one, row in zip(sent, judged, strict=True):
        expected, values = checker.judge(one.same)
        context = f"{one.door}: {one.payload}\nreasons: {row['reasons']}"
        assert faults_of_reasons(row["reasons"]) == first_found(contract, expected, values), context
        if not expected:
            assert plain(contract, row) == typed(contract, values), context


def judge_in_jobs(spark: "SparkSession", contract: Contract, sent: list[Sent]) -> list["Row"]:
    """The parsed rows with all reasons, in the order of what was sent."""
    rows = [
        (f"s3://raw/{one.door}", SENT, number, one.payload, one.problem, one.door == "drop.csv")
        for number, one in enumerate(sent)
    ]
    frame = spark.createDataFrame(rows, f"{RECEIVED}, {IS_UNTYPED} boolean").coalesce(1)
    of_doors = [
        PARSERS[door.name](frame.where(frame["source_file"].startswith(f"s3://raw/{door.name}")), contract)
        for door in (DROP, STREAM, EXPORT)  # a repair is a stream record
    ]
    parsed = reduce(DataFrame.unionByName, of_doors).cache()
    try:
        rules = prepare(parsed, contract).row_rules
        judged = add_rule_reasons(parsed, rules) if rules else parsed
        return sorted(judged.collect(), key=lambda row: row["row_number"])
    finally:
        parsed.unpersist()


class Judge:
    """The faults that the queue and the API find in a row, which have to be the same."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        contracts = {contract.dataset: contract}
        validators = Validators(contracts)
        self.reader, self.checker = Reader(contracts, validators), Checker(contracts, validators)

    def judge(self, row: dict[str, Any]) -> tuple[set[Fault], dict[str, Any]]:
        """The faults of a row, and the row as it was aligned."""
        event = {"specversion": "1.0", "id": "1", "source": "s", "type": f"{self.contract.dataset}.upsert"}
        [read] = self.reader.read("m", dumps(event | {"data": row}))
        of_queue = list(read.violations) if isinstance(read, DeadLetter) else []
        of_queue = [violation._replace(path=violation.path.removeprefix("/data")) for violation in of_queue]
        try:
            self.checker.change(self.contract, "upsert", loads(dumps(row)), Event("id"))
            of_api: list[Violation] = []
        except Problem as problem:
            of_api = [one for one in problem.violations if one.rule != "storable"]
        assert of_queue == of_api
        aligned, _ = align(self.contract, row)
        return {fault_of(self.contract, aligned, violation) for violation in of_queue}, aligned
