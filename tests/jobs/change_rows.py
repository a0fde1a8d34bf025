"""Changes as `check` appends them, and their merge."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from expectations.contract import Contract
from expectations.spark_schema import changes_schema
from jobs.lake.commits import BATCH_ID
from jobs.lake.creation import create_dataset_tables
from jobs.lake.names import Lake
from jobs.merging.steps import merge_changes
from tests.jobs.builders import SENT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_DEFAULTS: dict[str, Any] = {
    "_op": "upsert",
    "_tie": "-",
    "_source": "drop",
    "_ingested_at": SENT,
    "_updated_at": SENT,
}


def change_rows(spark: "SparkSession", contract: Contract, *changes: Mapping[str, Any]) -> "DataFrame":
    """Changes of a dataset; the columns that they do not give are upserts of a drop, and else null."""
    schema = changes_schema(contract)
    rows = [{**_DEFAULTS, **change} for change in changes]
    return spark.createDataFrame([[row.get(name) for name in schema.fieldNames()] for row in rows], schema)


def merge_batch(
    spark: "SparkSession", lake: Lake, contract: Contract, batch_id: str, *changes: Mapping[str, Any]
) -> None:
    """Append the changes as a batch to the dataset's changes, and merge it."""
    create_dataset_tables(spark, lake, contract)
    rows = change_rows(spark, contract, *({"_batch_id": batch_id, **change} for change in changes))
    rows.writeTo(lake.changes(contract.dataset)).option(f"snapshot-property.{BATCH_ID}", batch_id).append()
    merge_changes(spark, lake, contract, [batch_id])
