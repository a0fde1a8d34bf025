"""Projections select one after another, and those of a contract are made once in a JVM."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from jobs.changes.projections import Projection, beside, once_per_contract
from tests.jobs.builders import ENTITIES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from expectations.contract import Contract


def test_each_projection_refers_to_the_one_before_it(small_data_spark: "SparkSession") -> None:
    @once_per_contract
    def doubled(contract: "Contract") -> list[Projection]:
        return [beside({"two": F.col("id") * 2}), ["id", (F.col("two") + 1).alias("three")]]

    rows = doubled(small_data_spark.range(2), ENTITIES)

    assert [row.asDict() for row in rows.collect()] == [{"id": 0, "three": 1}, {"id": 1, "three": 3}]


def test_expressions_are_made_once_for_equal_contracts_and_anew_for_others(
    small_data_spark: "SparkSession",
) -> None:
    made: list[Contract] = []

    @once_per_contract
    def numbered(contract: "Contract") -> list[Projection]:
        made.append(contract)
        return [[F.lit(len(made)).alias("number")]]

    other, rows = replace(ENTITIES, version="2"), small_data_spark.range(1)

    found = [numbered(rows, one).collect() for one in (ENTITIES, replace(ENTITIES), other, ENTITIES)]
    assert [row.number for [row] in found] == [1, 1, 2, 1]
    assert made == [ENTITIES, other]
