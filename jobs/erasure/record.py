"""The table `lake_ops.erasures`: one row for each key of each erasure that was proved, by its keyed hash."""

import json
from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from expectations.timestamps import instant_of
from jobs.erasure.notes import Proof, Request
from jobs.lake.creation import create_ops_table
from jobs.lake.names import Lake

ERASURES = "erasures"
COLUMNS = """erasure_id string, dataset string, key_hash string, asked_at timestamp, proved_at timestamp,
    newest_version bigint, is_complete boolean, proof string"""


def create_erasures_table(spark: SparkSession, lake: Lake) -> None:
    """Create the table if it does not exist."""
    create_ops_table(spark, lake, ERASURES, COLUMNS, "dataset")


def record(
    spark: SparkSession, lake: Lake, request: Request, proof: Proof, newest: Mapping[str, int | None]
) -> None:
    """Write the proof into the table, with the newest version of each key.

    An erasure that is proved again replaces its rows.
    """
    rows = [
        (
            request.id,
            request.dataset,
            key_hash,
            datetime.fromisoformat(request.asked_at),
            datetime.fromisoformat(proof.proved_at),
            newest.get(key),
            proof.is_complete,
            json.dumps(proof.to_dict()),
        )
        for key, key_hash in sorted(request.hashes.items())
    ]
    spark.sql(
        f"""
        MERGE INTO {lake.ops(ERASURES)} t USING {{proved}} s
        ON t.dataset = '{request.dataset}' AND t.dataset = s.dataset AND t.erasure_id = s.erasure_id
            AND t.key_hash = s.key_hash AND t.asked_at = s.asked_at
        WHEN MATCHED THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *
        """,
        proved=spark.createDataFrame(rows, COLUMNS).coalesce(1),
    )


def recorded_versions(
    spark: SparkSession, lake: Lake, request: Request
) -> dict[str, tuple[int | None, datetime]]:
    """Key -> the newest version that any erasure found of it, and when it was last erased."""
    key_of = {key_hash: key for key, key_hash in request.hashes.items()}
    rows = (
        spark.table(lake.ops(ERASURES))
        .where((F.col("dataset") == request.dataset) & F.col("key_hash").isin(list(key_of)))
        .groupBy("key_hash")
        .agg(F.max("newest_version").alias("newest"), F.unix_micros(F.max("proved_at")).alias("micros"))
        .collect()
    )
    return {key_of[row["key_hash"]]: (row["newest"], instant_of(row["micros"])) for row in rows}
