"""The position of a change, `(_version, _tie)`: what orders the changes of one key."""

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.sequence import greatest_version, to_value
from jobs.changes.reasons import reason, shown

# JSON with times to the microsecond, whatever the session's time zone.
EXACT_TIMES = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "timeZone": "UTC"}


def order_of(column: Column, value: Expression) -> Expression:
    """The version that a value of the sequence column stands for: microseconds of a time, else the number."""
    if column.kind in ("timestamp", "date"):
        return F.unix_micros(value.cast("timestamp"))
    return value.cast("bigint")


def is_ordered_by_time(contract: Contract) -> bool:
    """Whether `_version` is a time: of the sequence column, or of a clock if the contract names none."""
    name = contract.sequence_column
    return name is None or contract.column(name).kind in ("timestamp", "date")


def order_reason(contract: Contract) -> Expression:
    """The reason against a row without a value in the sequence column; key columns have their own reason."""
    name = contract.sequence_column
    if name is None or name in contract.key:
        return F.lit(None).cast("string")
    missing = F.col(name).isNull() & ~F.col(f"_wrong_{name}")
    return reason(missing, f"version: column {name}: expected a value, which orders the changes, got none")


def end_of_sequence_reason(contract: Contract) -> Expression:
    """The reason against a row whose version leaves none for a later delete (`expectations.sequence`)."""
    name = contract.sequence_column
    if name is None:
        return F.lit(None).cast("string")
    column, end = contract.column(name), greatest_version(contract)
    return reason(
        order_of(column, F.col(name)) > end,
        f"version: column {name}: expected at most {to_value(column, end)}, got ",
        shown(F.col(name).cast("string")),
    )


def content_tie(contract: Contract) -> Expression:
    """A `_tie` made of everything that a change contains, so that equal positions mean equal changes.

    Spark writes times in JSON to the millisecond. Microseconds are appended only where there are any. A
    change without them keeps the tie that earlier versions of Glueline gave it, and is recognised when the
    same file is read again.
    """
    content = F.struct(*(F.col(column.name) for column in contract.columns), "_op", "_source", "_updated_at")
    times = [column.name for column in contract.columns if column.kind == "timestamp"] + ["_updated_at"]
    beyond = [F.pmod(F.unix_micros(name), F.lit(1000)) for name in times]
    exact = [
        F.when(micros != 0, F.concat(F.lit(f"{number}:"), micros)) for number, micros in enumerate(beyond)
    ]
    nested = [F.to_json(column.name, EXACT_TIMES) for column in contract.columns if _holds_times(column)]
    return F.concat(
        F.lit("-"), F.sha2(F.concat_ws("", F.to_json(content, {"timeZone": "UTC"}), *exact, *nested), 256)
    )


def _holds_times(column: Column) -> bool:
    """Whether the column's values contain timestamps."""
    return any(field.kind == "timestamp" or _holds_times(field) for field in column.fields)
