"""What `merge` needs to know about the changes of a batch before it merges them, in one pass over them."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes.columns import DELETE, RETRACT
from jobs.lake.names import Lake
from jobs.lake.partitions import MOST_LISTED
from jobs.merging.freshness import Arrivals, arrivals
from jobs.merging.target_partitions import (
    PartitionValues,
    key_bounds,
    named_partition_values,
    partition_of_change,
    within_bounds,
)


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """Counts, and bounds and partition values instead of rows."""

    changes: int
    deletes: int
    retracts: int
    oldest: int  # the least version: no tombstone below it outranks a change
    arrived: Arrivals
    in_bounds: str  # a condition on the table, `t`, that all rows of the changes' keys meet
    in_range: str  # the same for the changes of all partitions together: less exact, but one range
    partitions: PartitionValues  # that the changes name


def summarise(changes: DataFrame, lake: Lake, contract: Contract) -> ChangeSummary | None:
    """The summary of the changes; None if there are none.

    One aggregation yields it for all changes together and for those of each partition.
    """
    op = F.col("_op")
    found = (
        changes.withColumn("_partition", partition_of_change(lake, contract))
        .rollup("_partition")
        .agg(
            F.grouping("_partition").alias("is_of_all"),
            F.struct(*key_bounds(contract)).alias("bounds"),
            F.count("*").alias("changes"),
            F.count_if(op == DELETE).alias("deletes"),
            F.count_if(op == RETRACT).alias("retracts"),
            F.min("_version").alias("oldest"),
            F.struct(*arrivals()).alias("arrived"),
        )
        .collect()
    )
    partitions = [row for row in found if not row["is_of_all"]]
    for row in found:
        if row["is_of_all"]:
            bounded = partitions if len(partitions) <= MOST_LISTED else [row]
            return ChangeSummary(
                row["changes"],
                row["deletes"],
                row["retracts"],
                row["oldest"],
                Arrivals(*row["arrived"]),
                within_bounds(contract, [one["bounds"] for one in bounded]),
                within_bounds(contract, [row["bounds"]]),
                named_partition_values(contract, [one["_partition"] for one in partitions]),
            )
    return None
