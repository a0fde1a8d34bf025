"""The repair door: the drift that parity found -> changes that correct the tables.

A line is a stream record, which restores the true item, or

    {"op": "retract", "key": "<key text>", "version": …, "tie": "…"}

which removes the row or tombstone of that key at exactly that position; null is a position too. It leaves no
tombstone, and does nothing if there is nothing at that position. `jobs.merge` has the rule.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Contract
from jobs.changes.columns import RETRACT, parsed_columns
from jobs.changes.key_text import decode_key, encode_key
from jobs.changes.reasons import collect_reasons, reason, shown
from jobs.doors.stream import parse_stream
from jobs.intake.doors import REPAIR

_LINE = "op string, key string, version string, tie string"


def parse_repair(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.reading.received.RECEIVED`) as parsed rows (`jobs.changes.columns`)."""
    is_retract = F.coalesce(F.from_json("payload", _LINE)["op"] == RETRACT, F.lit(False))
    records = parse_stream(received.where(~is_retract), contract).withColumn("_source", F.lit(REPAIR.name))
    return records.unionByName(_parse_retracts(received.where(is_retract), contract))


def _parse_retracts(received: DataFrame, contract: Contract) -> DataFrame:
    lines = received.withColumn("_line", F.from_json("payload", _LINE))
    key = decode_key(contract, F.col("_line.key"))
    others = [column for column in contract.columns if column.name not in contract.key]
    placed = lines.withColumns(
        {
            **{name: read.value for name, read in key.items()},
            **{column.name: F.lit(None) for column in others},
        }
    )
    parsed = placed.withColumns(
        {
            "_op": F.lit(RETRACT),
            "_version": F.col("_line.version").try_cast("bigint"),
            "_tie": F.col("_line.tie"),
            "_source": F.lit(REPAIR.name),
            "_event_id": F.concat_ws("#", "source_file", "row_number"),
            "_updated_at": F.col("event_time"),
            "_absent": F.lit(None).cast("array<string>"),
            "reasons": collect_reasons(
                [
                    F.col("problem"),
                    reason(
                        ~F.coalesce(encode_key(contract) == F.col("_line.key"), F.lit(False)),
                        f"key: expected the key text of a row of {contract.dataset}, got ",
                        shown(F.col("_line.key")),
                    ),
                    reason(
                        F.col("_line.version").isNotNull()
                        & F.col("_line.version").try_cast("bigint").isNull(),
                        "version: expected an integer, got ",
                        shown(F.col("_line.version")),
                    ),
                ]
            ),
        }
    )
    return parsed.select(*parsed_columns(contract))
