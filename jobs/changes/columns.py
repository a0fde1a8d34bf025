"""The columns of a parsed row, which every door produces: a change with its position, or the reasons why not.

A frame of *parsed* rows has where the row came from (`source_file`, `row_number`, `payload`), the contract's
columns with their types, and

    _op          upsert | delete | retract (a repair takes back the row or tombstone at exactly its position)
    _version     long; with _tie the position of the change among all changes of its key
    _tie         for a stream record its sequence number, padded to 40 digits; for other doors "-" and a hash
                 of the change. A stream record therefore wins a tie, and content decides every other tie, not
                 the order of arrival. A drop whose version is the time of its S3 event has the event's
                 sequencer before the hash
    _source      the door
    _event_id    the id to search logs for: of the CloudEvent or request, else of the record or row
    _updated_at  when the change happened at its door: a function of the change, never a job's clock
    _absent      the columns that an upsert did not contain; in other columns null is a value
    reasons      why the row is not a change; empty if it is one
"""

import json
from collections.abc import Iterable, Mapping

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.spark_schema import row_schema
from jobs.changes.key_text import encode_key
from jobs.changes.projections import Projection
from jobs.changes.types import Read, read_text

UPSERT, DELETE, RETRACT = "upsert", "delete", "retract"
BOOKKEEPING = ("_op", "_version", "_tie", "_source", "_event_id", "_updated_at", "_absent")


def typed(contract: Contract, reads: Mapping[str, Read], *others: str) -> list[Projection]:
    """The columns `others`, each column of the contract with its type, and `_wrong_<column>` for each.

    Each projection refers to the values of the one before it, so that Spark reads each value once and the
    expressions are short.
    """
    names = [column.name for column in contract.columns]
    values = [reads[name].value.alias(name) for name in names]
    given = [reads[name].is_given.alias(f"_is_given_{name}") for name in names]
    wrong = [(F.col(f"_is_given_{name}") & F.col(name).isNull()).alias(f"_wrong_{name}") for name in names]
    return [[*others, *values, *given], [*others, *names, *wrong]]


def or_default(column: Column, read: Read, is_absent: Expression) -> Read:
    """What was read, or the contract's default where an upsert lacks the column (null is a value)."""
    if column.default is None:
        return read
    takes_default = is_absent & (F.col("_op") == UPSERT)
    return Read(F.when(takes_default, default_value(column)).otherwise(read.value), read.is_given)


def default_value(column: Column) -> Expression:
    """The contract's default of a column, as a value of the column's type."""
    default = column.default
    text = default if isinstance(default, str) else json.dumps(default)
    return read_text(column, F.lit(text)).value


def absent(contract: Contract, is_absent: Mapping[str, Expression]) -> Expression:
    """`_absent`; null where an upsert has all columns, as most upserts have."""
    names = [F.when(is_absent[column.name], F.lit(column.name)) for column in contract.columns]
    return F.when(F.col("_op") == UPSERT, not_null(names))


def not_null(texts: Iterable[Expression]) -> Expression:
    """Array of those of the (distinct) texts that are not null; null if all are null, as in nearly every row.

    Rows without any text get no array. Spark compiles this expression; it would interpret `array_compact`.
    """
    found = list(texts)
    some = F.array_except(F.array(*found), F.array(F.lit(None).cast("string")))
    return F.when(F.coalesce(*found).isNotNull(), some)


def parsed_columns(contract: Contract) -> Projection:
    """Exactly the columns that this module lists, in order and with their types."""
    columns = [F.col(field.name).cast(field.dataType).alias(field.name) for field in row_schema(contract)]
    # Spark does not push a filter below an expression that is not deterministic. Below the projections that
    # read the values, a filter on the reasons would repeat every value some thousand times.
    reasons = F.when(F.monotonically_increasing_id() >= 0, F.col("reasons")).alias("reasons")
    return ["source_file", "row_number", "payload", *columns, *BOOKKEEPING, reasons]


def accepted_changes(parsed: DataFrame, contract: Contract) -> DataFrame:
    """The rows without reasons, with `_key`."""
    return parsed.where(F.size("reasons") == 0).withColumn("_key", encode_key(contract))
