"""What the doors have in common: from a received row to a change with its position, or the reasons why not.

A frame of *parsed* rows, as the doors give it, has where the row came from (`source_file`, `row_number`,
`payload`), the contract's columns typed, and

    _op          upsert | delete | retract (a repair takes back what stands at exactly its position)
    _version     long; with _tie the position of the change among all changes of its key
    _tie         the stream's sequence number, 40 digits; of other doors "-" and a hash of the change. So a
                 record of the stream wins a tie, and content decides any other, not the order of arrival.
                 Drops whose version is the time of their event have its sequencer before the hash
    _source      the door
    _event_id    what to look for in logs: the id of the CloudEvent or request, else of the record or row
    _updated_at  when it happened at its door: a function of the change, never a job's clock
    _absent      the columns that an upsert did not bring at all; others that are null came as null
    reasons      why the row is no change; empty if it is one
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.keys import MAX_BYTES
from expectations.sequence import greatest_version, to_value
from expectations.spark_schema import row_schema
from jobs.changes.key_text import encode_key
from jobs.changes.types import Read, read_text

UPSERT, DELETE, RETRACT = "upsert", "delete", "retract"
# Why a row of an erased key is no change. Such a row is quarantined without its payload.
ERASED_REASON = "erased: expected a key that is not erased; glueline erase --lift lets its rows come again"
BOOKKEEPING = ("_op", "_version", "_tie", "_source", "_event_id", "_updated_at", "_absent")
_SHOWN = 80  # characters of a value in a reason
_NAMES_SHOWN = 10
_MOST_SPELLINGS = 1000
# How JSON has times to the microsecond, whatever the session's zone.
EXACT_TIMES = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "timeZone": "UTC"}


def reason(when: Expression, *text: str | Expression) -> Expression:
    """The text (parts that are null are left out) where the condition holds, else null."""
    parts = [F.lit(part) if isinstance(part, str) else F.coalesce(part, F.lit("")) for part in text]
    return F.when(when, F.concat(*parts))


def shown(value: Expression) -> Expression:
    """A value as a reason shows it."""
    return F.concat(F.lit("'"), F.substring(value, 1, _SHOWN), F.lit("'"))


def typed(rows: DataFrame, contract: Contract, reads: Mapping[str, Read], *others: str) -> DataFrame:
    """The rows with `others`, each column typed, and `_wrong_<column>`.

    A projection of its own, as are those before and behind it, so that Spark reads each value once.
    """
    values = [reads[column.name].value.alias(column.name) for column in contract.columns]
    wrongs = [reads[column.name].wrong.alias(f"_wrong_{column.name}") for column in contract.columns]
    return rows.select(*others, *values, *wrongs)


def type_reasons(contract: Contract, got: Mapping[str, Expression]) -> list[Expression]:
    """A reason for each value of another type, shown as `got`.

    A delete needs its key and place in the order only.
    """
    decisive = {*contract.key, contract.sequence_column}
    return [
        reason(
            F.col(f"_wrong_{column.name}") & (F.lit(column.name in decisive) | (F.col("_op") == UPSERT)),
            f"type: column {column.name}: expected {column.type}, got ",
            got[column.name],
        )
        for column in contract.columns
    ]


def key_reasons(contract: Contract) -> list[Expression]:
    """A reason for each key column without a value, and for a key that no item of DynamoDB can have."""
    none = [
        reason(
            F.col(name).isNull() & ~F.col(f"_wrong_{name}"), f"key: column {name}: expected a value, got none"
        )
        for name in contract.key
    ]
    texts = [column.name for column in contract.key_columns if column.kind == "string"]
    empty = [
        reason(F.col(name) == "", f"key: column {name}: expected a text, got an empty one") for name in texts
    ]
    return [*none, *empty, _long_key_reason(contract, texts)]


def _long_key_reason(contract: Contract, texts: Sequence[str]) -> Expression:
    if not texts:  # the other types have short texts
        return F.lit(None).cast("string")
    # Percent-encoding makes up to three characters of a byte, and takes time.
    bytes_ = reduce(add, (F.octet_length(F.coalesce(name, F.lit(""))) for name in texts))
    length = F.when(bytes_ > MAX_BYTES // 4, F.length(encode_key(contract)))
    return reason(
        length > MAX_BYTES,
        f"key: expected a key text of at most {MAX_BYTES} bytes, got ",
        length.cast("string"),
    )


def unknown_reason(names: Expression) -> Expression:
    """The reason that names the columns which the contract doesn't have."""
    return reason((F.size(names) > 0) & (F.col("_op") == UPSERT), *unknown_names(names))


def unknown_names(names: Expression) -> tuple[str | Expression, ...]:
    """The parts of the reason that names what the contract doesn't have."""
    return (
        "unknown: expected the contract's columns, got also ",
        F.array_join(F.transform(F.slice(names, 1, _NAMES_SHOWN), _short), ", "),
        F.when(
            F.size(names) > _NAMES_SHOWN,
            F.concat(F.lit(" and "), F.size(names) - _NAMES_SHOWN, F.lit(" more")),
        ),
    )


def names_given_twice(names: Expression, spellings: Iterable[Sequence[str]]) -> Expression:
    """Of each column's spellings that are among the names, all but the first: whose values would be lost."""
    several = [F.array(*map(F.lit, spelled)) for spelled in spellings if len(spelled) > 1]
    further = [F.slice(F.array_intersect(spelled, names), 2, _MOST_SPELLINGS) for spelled in several]
    return F.concat(*further) if further else F.array().cast("array<string>")


def _short(name: Expression) -> Expression:
    return F.substring(name, 1, _SHOWN)


def collect_reasons(reasons: Iterable[Expression]) -> Expression:
    """Array of the reasons that are not null, in their order."""
    return F.coalesce(_not_null(reasons), F.array().cast("array<string>"))


def _not_null(texts: Iterable[Expression]) -> Expression:
    """Array of those texts, which differ, that are not null; null if all are, as on nearly all rows.

    For these no array is made. And Spark compiles it all; what `array_compact` is given it would interpret.
    """
    found = list(texts)
    some = F.array_except(F.array(*found), F.array(F.lit(None).cast("string")))
    return F.when(F.coalesce(*found).isNotNull(), some)


def or_default(column: Column, read: Read, is_absent: Expression) -> Read:
    """What was read, or the contract's default where an upsert doesn't have the column (null is a value)."""
    if column.default is None:
        return read
    takes_default = is_absent & (F.col("_op") == UPSERT)
    return Read(F.when(takes_default, default_value(column)).otherwise(read.value), read.wrong)


def default_value(column: Column) -> Expression:
    """The contract's default of a column, typed."""
    default = column.default
    text = default if isinstance(default, str) else json.dumps(default)
    return read_text(column, F.lit(text)).value


def absent(contract: Contract, is_absent: Mapping[str, Expression]) -> Expression:
    """`_absent`; null where an upsert brings all columns, which most do."""
    names = [F.when(is_absent[column.name], F.lit(column.name)) for column in contract.columns]
    return F.when(F.col("_op") == UPSERT, _not_null(names))


def order_of(column: Column, value: Expression) -> Expression:
    """The version that a value of the sequence column gives: microseconds of a time, else the number."""
    if column.kind in ("timestamp", "date"):
        return F.unix_micros(value.cast("timestamp"))
    return value.cast("bigint")


def order_reason(contract: Contract) -> Expression:
    """The reason of a row that has no place in the order of its key's changes."""
    name = contract.sequence_column
    if name is None or name in contract.key:
        return F.lit(None).cast("string")
    missing = F.col(name).isNull() & ~F.col(f"_wrong_{name}")
    return reason(missing, f"version: column {name}: expected a value, which orders the changes, got none")


def end_of_sequence_reason(contract: Contract) -> Expression:
    """The reason of a row that leaves no version for a delete of it (`expectations.sequence`)."""
    name = contract.sequence_column
    if name is None:
        return F.lit(None).cast("string")
    column, end = contract.column(name), greatest_version(contract)
    return reason(
        order_of(column, F.col(name)) > end,
        f"version: column {name}: expected at most {to_value(column, end)}, got ",
        shown(F.col(name).cast("string")),
    )


def is_ordered_by_time(contract: Contract) -> bool:
    """Whether `_version` is a time: of the sequence column, or where there is none, of a clock."""
    name = contract.sequence_column
    return name is None or contract.column(name).kind in ("timestamp", "date")


def content_tie(contract: Contract) -> Expression:
    """A tie-break made of all that a change says, so that equal positions mean equal changes.

    JSON has times to the millisecond. What they have beyond that is added where there is any, so that changes
    without any have the tie that earlier versions gave them, and are known when they come again.
    """
    content = F.struct(*(F.col(column.name) for column in contract.columns), "_op", "_source", "_updated_at")
    times = [column.name for column in contract.columns if column.kind == "timestamp"] + ["_updated_at"]
    beyond = [F.pmod(F.unix_micros(name), F.lit(1000)) for name in times]
    exact = [F.when(micros != 0, F.concat(F.lit(f"{place}:"), micros)) for place, micros in enumerate(beyond)]
    nested = [F.to_json(column.name, EXACT_TIMES) for column in contract.columns if _holds_times(column)]
    return F.concat(
        F.lit("-"), F.sha2(F.concat_ws("", F.to_json(content, {"timeZone": "UTC"}), *exact, *nested), 256)
    )


def _holds_times(column: Column) -> bool:
    """Whether there are timestamps inside the column's values."""
    return any(field.kind == "timestamp" or _holds_times(field) for field in column.fields)


def in_columns(parsed: DataFrame, contract: Contract) -> DataFrame:
    """The parsed rows with exactly the columns that this module promises, in order and typed."""
    typed = [F.col(field.name).cast(field.dataType).alias(field.name) for field in row_schema(contract)]
    # Spark pushes no filter through an expression that is not deterministic. Pushed below the projections
    # that read the values, a filter on the reasons would repeat every value some thousand times.
    reasons = F.when(F.monotonically_increasing_id() >= 0, F.col("reasons")).alias("reasons")
    return parsed.select("source_file", "row_number", "payload", *typed, *BOOKKEEPING, reasons)


def accepted_changes(parsed: DataFrame, contract: Contract) -> DataFrame:
    """The changes of rows without reasons, with `_key`."""
    return parsed.where(F.size("reasons") == 0).withColumn("_key", encode_key(contract))
