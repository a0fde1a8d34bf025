"""A contract with every text that its names, descriptions and rules may hold goes through both jobs."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.contract import Contract
from expectations.odcs import load_contract
from jobs.ingest import context
from jobs.lake.names import Lake
from tests.expectations.contract_files import write
from tests.jobs.job_runs import Land, Run, quarantined
from workflows.contracts import check as contract_check

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.usefixtures("small_data_spark")

ODD = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:test:odd
version: 1.0.0
status: active
schema:
  - name: select
    logicalType: object
    description: "It's a \\"table\\" {source} ${env:HOME} $1"
    properties:
      - {name: order, logicalType: integer, primaryKey: true, required: true}
      - name: "null"
        logicalType: string
        required: true
        description: "'{}' ${x}"
        logicalTypeOptions: {pattern: '^[^\\d\\s]+$', maxLength: 9}
        customProperties:
          - {property: aliases, value: ["Unit (kg", "it's", "a.b[0]*", "x\\\"y", "$1 {b}"]}
          - {property: default, value: "o'k"}
      - name: value
        logicalType: string
        quality:
          - name: "one of '{a}' \\"b\\" $c: d"
            metric: invalidValues
            arguments: {validValues: ["it's", "{source}", "$1", 'a\\b']}
            mustBe: 0
            description: "${a} {b} 'c'"
          - name: mostly
            metric: invalidValues
            arguments: {pattern: "^['{}$a-z\\\\\\\\1]+$"}
            mustBeLessOrEqualTo: 3
      - {name: current_date, logicalType: date, required: true, partitioned: true, customProperties: [
          {property: partitionTransform, value: months}]}
      - {name: t, logicalType: number, physicalType: "decimal(5,2)", quality: [
          {metric: invalidValues, arguments: {validValues: [0.1, 2]}, mustBe: 0}]}
    quality:
      - {name: pairs, metric: duplicateValues, arguments: {properties: ["null", value]}, mustBeLessThan: 5}
"""
ODD_ROWS = (
    b"order,Unit (kg,value,current_date,t\n"
    b"1,a,it's,2026-01-01,0.10\n"
    b"2,b,{source},2026-01-02,2\n"
    b"3,c,other,2026-01-02,2\n"
    b"4,d 1,$1,2026-01-02,2\n"
    b"5,e,$1,2026-01-02,3\n"
)


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contract:
    """The one contract that jobs find."""
    contract = load_contract(write(tmp_path, ODD, "select"))
    monkeypatch.setattr(context, "ContractsOnDemand", lambda: {contract.dataset: contract})
    return contract


def test_any_text_that_a_contract_may_hold_goes_through_both_jobs(
    spark: "SparkSession", lake: Lake, run: Run, land: Land, odd: Contract
) -> None:
    contract_check.check({odd.dataset: odd})
    land("drops/select/odd.csv", ODD_ROWS)
    land("drops/select/default.jsonl", b'{"order": 6, "current_date": "2026-02-01"}\n')

    run("check", "wr_1")
    run("merge", "wr_1")

    rows = spark.table(lake.table("`select`")).select("order", "null", "value").collect()
    assert sorted(tuple(row) for row in rows) == [(1, "a", "it's"), (2, "b", "{source}"), (6, "o'k", None)]
    broken = ("one of '{a}' \"b\" $c", "null.pattern", "t.invalidValues")
    assert quarantined(spark, lake) == Counter(("select", rule) for rule in broken)
