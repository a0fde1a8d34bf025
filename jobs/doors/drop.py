"""The drop door: a row of a partner's file -> a change.

A row is an upsert, or what its `_op` column says (upsert, delete). Columns are given by name, alias or
camelCase. The version is the value of the sequence column; without such a column it is the time at which S3
received the file. That time has whole seconds: the sequencer of the file's event orders the states of one
file within a second.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.spellings import spellings
from jobs.changes.columns import DELETE, UPSERT, absent, or_default, parsed_columns, typed
from jobs.changes.forms import JSON
from jobs.changes.json_values import json_type, parse_members, read_json, shown_json
from jobs.changes.nested import NESTED, nested_name, nested_value, read_nested, with_nested_reasons
from jobs.changes.positions import content_tie, end_of_sequence_reason, order_of, order_reason
from jobs.changes.projections import Projection, beside, once_per_contract
from jobs.changes.reasons import (
    collect_reasons,
    key_reasons,
    names_given_twice,
    reason,
    shown,
    type_reasons,
    unknown_reason,
)
from jobs.changes.types import Read, trimmed
from jobs.doors.csv_hints import csv_hint
from jobs.intake.doors import DROP
from jobs.intake.manifest import SEQUENCER_DIGITS
from jobs.reading.formats.header import OP
from jobs.reading.received import IS_UNTYPED, SEQUENCER

_RECEIVED = ("source_file", "row_number", "payload", "event_time", "problem", SEQUENCER, IS_UNTYPED)
_CSV_NAME = r"(?i)[.]csv([.][a-z0-9]+)?$"  # whose dialect a contract may declare
_CARRIED = (*_RECEIVED, "_op", "_unreadable", "_unknown")


def parse_drop(received: DataFrame, contract: Contract) -> DataFrame:
    """Received rows (`jobs.reading.received.RECEIVED`) as parsed rows (`jobs.changes.columns`)."""
    if SEQUENCER not in received.columns:
        received = received.withColumn(SEQUENCER, F.lit(None).cast("string"))
    if IS_UNTYPED not in received.columns:
        received = received.withColumn(IS_UNTYPED, F.lit(False))
    return _parsed(received, contract)


@once_per_contract
def _parsed(contract: Contract) -> list[Projection]:
    lacks = {column.name: ~F.col(_has(column)) for column in contract.columns}
    reads = {
        column.name: or_default(column, _read(column), lacks[column.name]) for column in contract.columns
    }
    carried = [name for column in contract.columns for name in (_has(column), *_given_names(column))]
    return [
        *_given_columns(contract),
        beside(_texts(contract)),
        *typed(contract, reads, *_CARRIED, *carried),
        beside(
            {
                "_version": _version(contract),
                "_source": F.lit(DROP.name),
                "_event_id": F.concat_ws("#", "source_file", "row_number"),
                "_updated_at": F.col("event_time"),
                "_absent": absent(contract, lacks),
                "reasons": _reasons(contract),
            }
        ),
        beside({"_tie": _tie(contract)}),
        parsed_columns(contract),
    ]


def _has(column: Column) -> str:
    return f"_has_{column.name}"


def _given(column: Column) -> str:
    return f"_given_{column.name}"


def _json(column: Column) -> str:
    return f"_json_{column.name}"


def _given_names(column: Column) -> tuple[str, ...]:
    return (nested_name(column),) if column.kind in NESTED else (_given(column), _json(column))


def _given_columns(contract: Contract) -> list[Projection]:
    """With the value given for each column, by any of its names: scalars as text, nested values read."""
    values, keys = F.col("_values"), F.map_keys("_values")
    names = spellings(contract.columns)
    given = {
        column.name: F.coalesce(*(values[name] for name in names[column.name])) for column in contract.columns
    }
    has = {name: F.arrays_overlap(keys, F.array(*map(F.lit, spelled))) for name, spelled in names.items()}
    return [
        [*_RECEIVED, parse_members(F.col("payload")).alias("_values")],
        [
            *_RECEIVED,
            F.lower(trimmed(F.coalesce(values[OP].cast("string"), F.lit(UPSERT)))).alias("_op"),
            values.isNull().alias("_unreadable"),
            _unknown(names, has, keys).alias("_unknown"),
            *(has[column.name].alias(_has(column)) for column in contract.columns),
            *(one for column in contract.columns for one in _give(column, given[column.name])),
        ],
    ]


def _give(column: Column, value: Expression) -> list[Expression]:
    """A column's part of `_given_columns`. In an untyped file all is text, also a struct or list."""
    is_untyped, text = F.col(IS_UNTYPED), value.cast("string")
    # Many writers of CSV write null as an empty field; only text has an empty value.
    field = text if column.kind == "string" else F.nullif(trimmed(text), F.lit(""))
    if column.kind in NESTED:
        unpacked = F.when(field.isNotNull(), F.coalesce(F.try_parse_json(field), value))
        given = F.when(is_untyped, unpacked).otherwise(value)
        return [read_nested(JSON, column, given).alias(nested_name(column))]
    return [
        F.when(is_untyped, field).otherwise(text).alias(_given(column)),
        F.when(~is_untyped, json_type(column, value)).alias(_json(column)),
    ]


def _unknown(
    names: Mapping[str, Sequence[str]], has: Mapping[str, Expression], keys: Expression
) -> Expression:
    """The names that the contract does not have, and all but one of the names of a column given twice."""
    known = sorted({OP, *(name for spelled in names.values() for name in spelled)})
    others = F.array_except(keys, F.array(*map(F.lit, known)))
    several = [spelled for spelled in names.values() if len(spelled) > 1]
    if not several:
        return others
    # Few rows have more known names than columns; the list of duplicates is made for these alone.
    columns = reduce(add, (came.cast("int") for came in (*has.values(), F.array_contains(keys, OP))))
    twice = F.concat(others, names_given_twice(keys, several))
    return F.when(F.size(keys) - F.size(others) > columns, twice).otherwise(others)


def _text(column: Column) -> str:
    return f"_text_{column.name}"


def _texts(contract: Contract) -> dict[str, Expression]:
    """The trimmed texts of scalars, each of which is referred to many times."""
    return {
        _text(column): trimmed(F.col(_given(column)))
        for column in contract.columns
        if column.kind not in NESTED
    }


def _read(column: Column) -> Read:
    if column.kind in NESTED:
        return nested_value(column)
    return read_json(column, F.col(_text(column)), F.col(_json(column)))


def _got(column: Column, contract: Contract) -> Expression:
    """A value that is not of its column's type, as a reason shows it."""
    if column.kind in NESTED:
        return F.lit("")
    field = F.col(_given(column))
    is_csv = F.col("source_file").rlike(_CSV_NAME)
    shown_field = F.concat(shown(field), F.when(is_csv, csv_hint(column, contract, field)).otherwise(""))
    return F.when(F.col(IS_UNTYPED), shown_field).otherwise(shown_json(column, field, F.col(_json(column))))


def _tie(contract: Contract) -> Expression:
    """The hash of the content; preceded by the sequencer where the version is the time of the file."""
    tie, sequencer = content_tie(contract), F.col(SEQUENCER)
    if contract.sequence_column is not None:
        return tie
    of_event = F.concat(F.lit("-"), F.lpad(sequencer, SEQUENCER_DIGITS, "0"), F.substring(tie, 2, 64))
    return F.when(sequencer.isNotNull(), of_event).otherwise(tie)


def _version(contract: Contract) -> Expression:
    if contract.sequence_column is None:
        return F.unix_micros("event_time")
    return order_of(contract.column(contract.sequence_column), F.col(contract.sequence_column))


def _reasons(contract: Contract) -> Expression:
    op = F.col("_op")
    got = {column.name: _got(column, contract) for column in contract.columns}
    of_values = collect_reasons(
        [
            reason(~op.isin(UPSERT, DELETE), f"op: expected {UPSERT} or {DELETE}, got ", shown(op)),
            unknown_reason(F.col("_unknown")),
            *key_reasons(contract),
            order_reason(contract),
            end_of_sequence_reason(contract),
            *type_reasons(contract, got),
        ]
    )
    unreadable = F.concat(F.lit("json: expected a JSON object, got "), shown(F.col("payload")))
    # Readers differ in which of two values they take (RFC 8259, section 4).
    twice = F.lit("json: expected every name once in an object, got one that comes twice")
    is_object = F.from_json("payload", "map<string,string>").isNotNull()
    return (
        F.when(F.col("problem").isNotNull(), F.array("problem"))
        .when(F.col("_unreadable"), F.array(F.when(is_object, twice).otherwise(unreadable)))
        .otherwise(with_nested_reasons(contract, of_values))
    )
