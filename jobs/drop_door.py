"""The drop door: a row of a partner's file -> a change.

A row is an upsert, or what its `_op` column says (upsert, delete). Columns come by name, alias or camelCase.
Its version is its sequence column's value; without such a column it is the time at which S3 got the file.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from jobs.changes import (
    DELETE,
    UPSERT,
    collect_reasons,
    content_tie,
    in_columns,
    key_reasons,
    moved_type,
    or_default,
    order_of,
    reason,
    shown,
    type_reasons,
    unknown_reason,
)
from jobs.rows import OP, spellings
from jobs.values import Read, read_text


def parse_drop(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.doors.RECEIVED`) as parsed rows (`jobs.changes`)."""
    rows = received.withColumn("_values", F.from_json("payload", "map<string,string>"))
    given = {
        column.name: F.coalesce(*(F.col("_values")[name] for name in spellings(column)))
        for column in contract.columns
    }
    reads = {column.name: read_text(column, given[column.name]) for column in contract.columns}
    op = F.lower(F.trim(F.coalesce(F.col("_values")[OP], F.lit(UPSERT))))
    typed = {
        column.name: or_default(column, reads[column.name].value, (op == UPSERT) & _is_absent(column))
        for column in contract.columns
    }
    parsed = rows.select(
        "source_file",
        "row_number",
        "payload",
        *(value.alias(name) for name, value in typed.items()),
        op.alias("_op"),
        _version(contract, reads).alias("_version"),
        F.lit("drop").alias("_source"),
        F.concat_ws("#", "source_file", "row_number").alias("_event_id"),
        F.col("event_time").alias("_updated_at"),
        F.lit(None).cast(moved_type(contract)).alias("_moved_from"),
        _reasons(contract, reads, given, op).alias("reasons"),
    )
    return in_columns(parsed.withColumn("_tie", content_tie(contract)), contract)


def _is_absent(column: Column) -> Expression:
    return ~F.arrays_overlap(F.map_keys("_values"), F.array(*map(F.lit, spellings(column))))


def _version(contract: Contract, reads: dict[str, Read]) -> Expression:
    if contract.sequence_column is None:
        return F.unix_micros("event_time")
    return order_of(contract.column(contract.sequence_column), reads[contract.sequence_column].value)


def _reasons(
    contract: Contract, reads: dict[str, Read], given: dict[str, Expression], op: Expression
) -> Expression:
    known = {OP, *(name for column in contract.columns for name in spellings(column))}
    unknown = F.array_except(F.map_keys("_values"), F.array(*map(F.lit, sorted(known))))
    of_values = collect_reasons(
        [
            reason(~op.isin(UPSERT, DELETE), f"op: expected {UPSERT} or {DELETE}, got ", shown(op)),
            unknown_reason(unknown, op),
            *key_reasons(contract, reads),
            _order_reason(contract, reads),
            *type_reasons(contract, reads, given, op),
            *_structure_reasons(contract, given),
        ]
    )
    unreadable = F.concat(F.lit("json: expected a JSON object, got "), shown(F.col("payload")))
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(F.col("_values").isNull(), F.array(unreadable))
        .otherwise(of_values)
    )


def _order_reason(contract: Contract, reads: dict[str, Read]) -> Expression:
    """The reason of a row that has no place in the order of its key's changes."""
    name = contract.sequence_column
    if name is None or name in contract.key:
        return F.lit(None).cast("string")
    missing = reads[name].value.isNull() & ~reads[name].wrong
    return reason(missing, f"version: column {name}: expected a value, which orders the changes, got none")


def _structure_reasons(contract: Contract, given: dict[str, Expression]) -> list[Expression]:
    """A text column that came as a JSON object or array: read as text, those look like texts."""
    found = []
    for column in contract.columns:
        if column.kind == "string":
            names = "|".join(spellings(column))
            bare = F.col("payload").rlike(rf'(?<!\\)"({names})"\s*:\s*[\[{{]')
            structure = given[column.name].rlike(r"^[\[{]") & bare
            text = f"type: column {column.name}: expected string, got "
            found.append(reason(structure, text, shown(given[column.name])))
    return found
