"""Structs and lists: from JSON or DynamoDB attributes to typed values and reasons against them.

A value inside a struct or list is checked by the same rules as in a message (`expectations.json_schema`): its
type, whether it is required, its limits, and no names that the contract lacks. Reasons name the path of the
value, as `lines[2].sku`.

This module is for structs and lists only. Its expressions use higher-order functions, which Spark interprets,
so they bind each value once (`_let`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.spark_schema import spark_type
from jobs.changes.columns import UPSERT, default_value
from jobs.changes.forms import Form
from jobs.changes.limits import limit_reasons
from jobs.changes.reasons import names_given_twice, no_reasons, reason, unknown_names
from jobs.changes.types import Read, convert

NESTED = ("struct", "list")
_MOST_REASONS = 100  # against one value: a list of a million wrong elements would have as many


def read_nested(form: Form, column: Column, given: Expression) -> Expression:
    """A struct or list as `struct<value, reasons>`: the typed value, and the reasons against it."""
    # Great Expectations checks whether the column itself is required.
    return _read(form, replace(column, required=False), given, F.lit(column.name))


def nested_columns(contract: Contract) -> list[Column]:
    """The contract's structs and lists."""
    return [column for column in contract.columns if column.kind in NESTED]


def nested_name(column: Column) -> str:
    """The name of the column in which a door keeps the result of `read_nested`."""
    return f"_nested_{column.name}"


def nested_value(column: Column) -> Read:
    """The typed values of a column that `read_nested` read; `with_nested_reasons` has its reasons."""
    return Read(F.col(nested_name(column))["value"], F.lit(False))


def with_nested_reasons(contract: Contract, reasons: Expression) -> Expression:
    """The reasons, and for an upsert those against values inside its structs and lists."""
    nested = [F.col(nested_name(column))["reasons"] for column in nested_columns(contract)]
    if not nested:
        return reasons
    found = F.coalesce(F.concat(*(F.coalesce(one, no_reasons()) for one in nested)), no_reasons())
    return F.when(F.col("_op") == UPSERT, F.concat(reasons, found)).otherwise(reasons)


def _read(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    """The value at the path, and a reason if it is null although a value is required."""
    inside: dict[str, Callable[[Form, Column, Expression, Expression], Expression]] = {
        "struct": _read_struct,
        "list": _read_list,
    }
    read = inside.get(column.kind, _read_scalar)

    def present(value: Expression) -> Expression:
        return F.when(form.is_null(value), _nothing(column, path)).otherwise(read(form, column, value, path))

    return _let(given, present)


def _nothing(column: Column, path: Expression) -> Expression:
    missing = [F.concat(path, F.lit(".required: expected a value, got none"))] if column.required else []
    return _result(column, F.lit(None), F.array(*missing))


def _read_scalar(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    wrong = _result(column, F.lit(None), F.array(_type_reason(form, column, given, path)))

    def checked(value: Expression) -> Expression:
        found = _result(column, value, limit_reasons(column, value, path))
        return F.when(value.isNull(), wrong).otherwise(found)

    return _let(
        form.text(column, given), lambda text: _let(convert(column, text).cast(spark_type(column)), checked)
    )


def _read_struct(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    names = form.spellings(column.fields)
    known = F.array(*(F.lit(name) for spelled in names.values() for name in spelled))

    def read_members(members: Expression) -> Expression:
        fields = F.struct(
            *(
                _read_field(form, field, members, names[field.name], path).alias(field.name)
                for field in column.fields
            )
        )
        return F.when(members.isNotNull(), _let(fields, lambda read: joined(members, read))).otherwise(
            _result(column, F.lit(None), F.array(_type_reason(form, column, given, path)))
        )

    def joined(members: Expression, read: Expression) -> Expression:
        keys = F.map_keys(members)
        others = F.concat(F.array_except(keys, known), names_given_twice(keys, names.values()))
        paths = F.transform(others, lambda name: F.concat(path, F.lit("."), name))
        value = F.struct(*(read[field.name]["value"].alias(field.name) for field in column.fields))
        unknown = F.array_compact(F.array(reason(F.size(others) > 0, *unknown_names(paths))))
        reasons = F.concat(unknown, *(read[field.name]["reasons"] for field in column.fields))
        return _result(column, value, reasons)

    return _let(form.members(given), read_members)


def _read_field(
    form: Form, field: Column, members: Expression, names: Sequence[str], path: Expression
) -> Expression:
    given = F.coalesce(*(members[name] for name in names))
    read = _read(form, field, given, F.concat(path, F.lit(f".{field.name}")))
    if field.default is None:
        return read
    default = _result(field, default_value(field), F.array())
    return F.when(given.isNull(), default).otherwise(read)


def _read_list(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    (element,) = column.fields

    def read_items(items: Expression) -> Expression:
        read = F.transform(
            items,
            lambda item, index: _read(
                form, element, item, F.concat(path, F.lit("["), index.cast("string"), F.lit("]"))
            ),
        )
        return F.when(items.isNotNull(), _let(read, joined)).otherwise(
            _result(column, F.lit(None), F.array(_type_reason(form, column, given, path)))
        )

    def joined(read: Expression) -> Expression:
        values = F.transform(read, lambda one: one["value"])
        if element.kind not in NESTED:  # a set has no order: sorted, equal sets are equal arrays
            values = F.when(form.is_set(given), F.array_sort(values)).otherwise(values)
        inside = F.flatten(F.transform(read, lambda one: one["reasons"]))
        reasons = F.concat(limit_reasons(column, values, path), F.slice(inside, 1, _MOST_REASONS))
        return _result(column, values, reasons)

    return _let(form.items(given), read_items)


def _result(column: Column, value: Expression, reasons: Expression) -> Expression:
    return F.struct(
        value.cast(spark_type(column)).alias("value"), reasons.cast("array<string>").alias("reasons")
    )


def _let(value: Expression, use: Callable[[Expression], Expression]) -> Expression:
    """`use` of the value. Spark evaluates the value once, however often `use` refers to it."""
    return F.get(F.transform(F.array(value), use), F.lit(0))


def _type_reason(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    expected = F.lit(f": expected {column.type}, got ")
    got = F.coalesce(form.shown(column, given), F.lit("another type"))
    return F.concat(F.lit("type: column "), path, expected, got)
