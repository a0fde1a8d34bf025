"""The drop door: a row of a partner's file -> a change.

A row is an upsert, or what its `_op` column says (upsert, delete). Columns come by name, alias or camelCase.
Its version is its sequence column's value; without such a column it is the time at which S3 got the file.
That has whole seconds: the sequencer of the file's event orders the states of one file within a second.
"""

import re

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from jobs.changes import (
    DELETE,
    UPSERT,
    absent,
    collect_reasons,
    content_tie,
    in_columns,
    key_reasons,
    or_default,
    order_of,
    reason,
    shown,
    type_reasons,
    typed,
    unknown_reason,
)
from jobs.doors import SEQUENCER
from jobs.manifest import SEQUENCER_DIGITS
from jobs.rows import OP, spellings
from jobs.values import read_text

_RECEIVED = ("source_file", "row_number", "payload", "event_time", "problem", SEQUENCER)
_CARRIED = (*_RECEIVED, "_op", "_unreadable", "_twice", "_unknown")


def parse_drop(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.doors.RECEIVED`) as parsed rows (`jobs.changes`)."""
    given = {column.name: F.col(f"_given_{column.name}") for column in contract.columns}
    reads = {
        column.name: or_default(column, read_text(column, given[column.name]), ~F.col(f"_has_{column.name}"))
        for column in contract.columns
    }
    has = [f"_has_{column.name}" for column in contract.columns]
    lacks = {column.name: ~F.col(f"_has_{column.name}") for column in contract.columns}
    given_rows = _with_given(received, contract)
    rows = typed(given_rows, contract, reads, *_CARRIED, *map(_given, contract.columns), *has)
    parsed = rows.withColumns(
        {
            "_version": _version(contract),
            "_source": F.lit("drop"),
            "_event_id": F.concat_ws("#", "source_file", "row_number"),
            "_updated_at": F.col("event_time"),
            "_absent": absent(contract, lacks),
            "reasons": _reasons(contract, given),
        }
    )
    return in_columns(parsed.withColumn("_tie", _tie(contract)), contract)


def _given(column: Column) -> str:
    return f"_given_{column.name}"


def _with_given(received: DataFrame, contract: Contract) -> DataFrame:
    """With the text that the row gives for each column, whichever name it came by."""
    values = F.col("_values")
    if SEQUENCER not in received.columns:
        received = received.withColumn(SEQUENCER, F.lit(None).cast("string"))
    known = {OP, *(name for column in contract.columns for name in spellings(column))}
    return received.withColumn("_values", F.from_json("payload", "map<string,string>")).select(
        *_RECEIVED,
        F.lower(F.trim(F.coalesce(values[OP], F.lit(UPSERT)))).alias("_op"),
        values.isNull().alias("_unreadable"),
        (F.size(F.array_distinct(F.map_keys(values))) < F.size(F.map_keys(values))).alias("_twice"),
        F.array_except(F.map_keys(values), F.array(*map(F.lit, sorted(known)))).alias("_unknown"),
        *(
            F.coalesce(*(values[name] for name in spellings(column))).alias(_given(column))
            for column in contract.columns
        ),
        *(_has(column, values) for column in contract.columns),
    )


def _has(column: Column, values: Expression) -> Expression:
    names = F.array(*map(F.lit, spellings(column)))
    return F.arrays_overlap(F.map_keys(values), names).alias(f"_has_{column.name}")


def _tie(contract: Contract) -> Expression:
    """The content's, behind the sequencer where that orders more than the version does."""
    tie, sequencer = content_tie(contract), F.col(SEQUENCER)
    if contract.sequence_column is not None:
        return tie
    of_event = F.concat(F.lit("-"), F.lpad(sequencer, SEQUENCER_DIGITS, "0"), F.substring(tie, 2, 64))
    return F.when(sequencer.isNotNull(), of_event).otherwise(tie)


def _version(contract: Contract) -> Expression:
    if contract.sequence_column is None:
        return F.unix_micros("event_time")
    return order_of(contract.column(contract.sequence_column), F.col(contract.sequence_column))


def _reasons(contract: Contract, given: dict[str, Expression]) -> Expression:
    op = F.col("_op")
    of_values = collect_reasons(
        [
            reason(~op.isin(UPSERT, DELETE), f"op: expected {UPSERT} or {DELETE}, got ", shown(op)),
            unknown_reason(F.col("_unknown")),
            *key_reasons(contract),
            _order_reason(contract),
            *type_reasons(contract, given),
            *_structure_reasons(contract, given),
        ]
    )
    unreadable = F.concat(F.lit("json: expected a JSON object, got "), shown(F.col("payload")))
    # Which of two values is meant, nobody can know, and readers differ (RFC 8259, section 4).
    twice = F.lit("json: expected every name once in an object, got one that comes twice")
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(F.col("_unreadable"), F.array(unreadable))
        .when(F.col("_twice"), F.array(twice))
        .otherwise(of_values)
    )


def _order_reason(contract: Contract) -> Expression:
    """The reason of a row that has no place in the order of its key's changes."""
    name = contract.sequence_column
    if name is None or name in contract.key:
        return F.lit(None).cast("string")
    missing = F.col(name).isNull() & ~F.col(f"_wrong_{name}")
    return reason(missing, f"version: column {name}: expected a value, which orders the changes, got none")


def _structure_reasons(contract: Contract, given: dict[str, Expression]) -> list[Expression]:
    """A text column that came as a JSON object or array: read as text, those look like texts."""
    found = []
    for column in contract.columns:
        if column.kind == "string":
            names = "|".join(map(re.escape, spellings(column)))
            bare = F.col("payload").rlike(rf'(?<!\\)"({names})"\s*:\s*[\[{{]')
            structure = given[column.name].rlike(r"^[\[{]") & bare
            text = f"type: column {column.name}: expected string, got "
            found.append(reason(structure, text, shown(given[column.name])))
    return found
