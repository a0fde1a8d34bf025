"""Structs and lists: from JSON or a DynamoDB attribute to typed values, with all that is wrong inside.

A value inside a struct or list meets the rules that it meets in a message (`expectations.json_schema`): its
type, what is required, its limits, no names that the contract lacks. Reasons name the place, as
`lines[2].sku`.

Only structs and lists come here. The expressions are made of higher-order functions, which Spark interprets,
so they bind each value once (`_let`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from operator import and_

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column, Contract
from expectations.patterns import to_java
from expectations.spark_schema import spark_type
from expectations.spellings import spellings
from jobs.changes import json_values
from jobs.changes.columns import UPSERT, default_value, names_given_twice, reason, shown, unknown_names
from jobs.changes.types import ATTRIBUTE, ITEM, Read, attribute_text, convert, trimmed

NESTED = ("struct", "list")
_MOST_FAULTS = 100  # of one value: a list of a million wrong elements has as many
_SET_TAGS = {"SS": "S", "NS": "N", "BS": "B"}


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which values come, and how to take them apart."""

    members: Callable[[Expression], Expression]  # of an object, by name; null if the value is none
    items: Callable[[Expression], Expression]  # of an array or set; null if the value is none
    is_set: Callable[[Expression], Expression]
    is_null: Callable[[Expression], Expression]
    text: Callable[[Column, Expression], Expression]  # of a scalar, trimmed; null if it is of another type
    shown: Callable[[Column, Expression], Expression]
    spellings: Callable[[Iterable[Column]], Mapping[str, Sequence[str]]]  # column -> names it may have


def read_nested(form: Form, column: Column, given: Expression) -> Expression:
    """A struct or list as `struct<value, faults>`: the typed value, and the reasons against it."""
    # Whether the column itself has to have a value, Great Expectations says.
    return _read(form, replace(column, required=False), given, F.lit(column.name))


def nested_columns(contract: Contract) -> list[Column]:
    """The contract's structs and lists."""
    return [column for column in contract.columns if column.kind in NESTED]


def nested_name(column: Column) -> str:
    """The name under which a door keeps what `read_nested` gave for a column."""
    return f"_nested_{column.name}"


def nested_value(column: Column) -> Read:
    """The typed values of a column that was read; what is wrong with them are its faults."""
    return Read(F.col(nested_name(column))["value"], F.lit(False))


def with_nested_faults(contract: Contract, reasons: Expression) -> Expression:
    """The reasons, and for an upsert those against what its structs and lists hold."""
    faults = [F.col(nested_name(column))["faults"] for column in nested_columns(contract)]
    if not faults:
        return reasons
    found = F.coalesce(F.concat(*(F.coalesce(one, _none()) for one in faults)), _none())
    return F.when(F.col("_op") == UPSERT, F.concat(reasons, found)).otherwise(reasons)


def _none() -> Expression:
    return F.array().cast("array<string>")


def _read(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    """The value at that path; null is a fault where a value is required."""
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
    wrong = _result(column, F.lit(None), F.array(_type_fault(form, column, given, path)))

    def judged(value: Expression) -> Expression:
        return F.when(value.isNull(), wrong).otherwise(_result(column, value, _faults(column, value, path)))

    return _let(
        form.text(column, given), lambda text: _let(convert(column, text).cast(spark_type(column)), judged)
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
            _result(column, F.lit(None), F.array(_type_fault(form, column, given, path)))
        )

    def joined(members: Expression, read: Expression) -> Expression:
        keys = F.map_keys(members)
        others = F.concat(F.array_except(keys, known), names_given_twice(keys, names.values()))
        places = F.transform(others, lambda name: F.concat(path, F.lit("."), name))
        value = F.struct(*(read[field.name]["value"].alias(field.name) for field in column.fields))
        unknown = F.array_compact(F.array(reason(F.size(others) > 0, *unknown_names(places))))
        faults = F.concat(unknown, *(read[field.name]["faults"] for field in column.fields))
        return _result(column, value, faults)

    return _let(form.members(given), read_members)


def _read_field(
    form: Form, field: Column, members: Expression, names: Sequence[str], path: Expression
) -> Expression:
    place = F.concat(path, F.lit(f".{field.name}"))
    given = F.coalesce(*(members[name] for name in names))
    read = _read(form, field, given, place)
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
            _result(column, F.lit(None), F.array(_type_fault(form, column, given, path)))
        )

    def joined(read: Expression) -> Expression:
        values = F.transform(read, lambda one: one["value"])
        if element.kind not in NESTED:  # one set is one array
            values = F.when(form.is_set(given), F.array_sort(values)).otherwise(values)
        inside = F.flatten(F.transform(read, lambda one: one["faults"]))
        faults = F.concat(_faults(column, values, path), F.slice(inside, 1, _MOST_FAULTS))
        return _result(column, values, faults)

    return _let(form.items(given), read_items)


def _result(column: Column, value: Expression, faults: Expression) -> Expression:
    return F.struct(
        value.cast(spark_type(column)).alias("value"), faults.cast("array<string>").alias("faults")
    )


def _let(value: Expression, use: Callable[[Expression], Expression]) -> Expression:
    """What `use` makes of the value, which Spark evaluates once, however often it stands in there."""
    return F.get(F.transform(F.array(value), use), F.lit(0))


def _type_fault(form: Form, column: Column, given: Expression, path: Expression) -> Expression:
    expected = F.lit(f": expected {column.type}, got ")
    got = F.coalesce(form.shown(column, given), F.lit("another type"))
    return F.concat(F.lit("type: column "), path, expected, got)


# --- limits -------------------------------------------------------------------------------------------------


def _faults(column: Column, value: Expression, path: Expression) -> Expression:
    """The limits that a value is beyond, under the names that they have as rules of a column."""
    limits = [
        reason(~holds, path, f".{rule}: expected {expected}, got ", got)
        for rule, expected, holds, got in _limits(column, value)
    ]
    return F.array_compact(F.array(*limits)) if limits else _none()


def _limits(column: Column, value: Expression) -> Iterator[tuple[str, str, Expression, Expression]]:
    """(rule, what it expects, whether it holds, what came) of each kind of limit that the column has."""
    limits, got = column.limits, shown(value.cast("string"))
    if ranged := _range(column, value):
        expected = " and ".join(ranged)
        yield "range", expected, reduce(and_, ranged.values()), got
    if (length := _between(limits.min_length, limits.max_length)) is not None:
        yield (
            "length",
            f"{length} characters",
            _within(F.length(value), limits.min_length, limits.max_length),
            got,
        )
    if limits.pattern is not None:
        yield "pattern", f"text that matches {limits.pattern}", value.rlike(to_java(limits.pattern)), got
    if (size := _between(limits.min_items, limits.max_items)) is not None:
        number = F.size(value)
        yield (
            "items",
            f"{size} items",
            _within(number, limits.min_items, limits.max_items),
            number.cast("string"),
        )


def _range(column: Column, value: Expression) -> dict[str, Expression]:
    limits = column.limits
    compared: list[tuple[str, int | float | str | None, Callable[[Expression], Expression]]] = [
        ("at least", limits.minimum, lambda limit: value >= limit),
        ("more than", limits.exclusive_minimum, lambda limit: value > limit),
        ("at most", limits.maximum, lambda limit: value <= limit),
        ("less than", limits.exclusive_maximum, lambda limit: value < limit),
    ]
    return {
        f"{words} {limit}": holds(_literal(column, limit))
        for words, limit, holds in compared
        if limit is not None
    }


def _literal(column: Column, limit: float | str) -> Expression:
    if isinstance(limit, str):
        return F.lit(limit).cast(column.kind)
    if column.kind in ("float", "double"):
        return F.lit(float(limit)).cast(column.kind)
    return F.lit(Decimal(repr(limit)))


def _between(least: int | None, most: int | None) -> str | None:
    if least is None:
        return None if most is None else f"at most {most}"
    return f"at least {least}" if most is None else f"{least} to {most}"


def _within(number: Expression, least: int | None, most: int | None) -> Expression:
    return (number >= F.lit(least or 0)) & (F.lit(True) if most is None else number <= F.lit(most))


# --- forms --------------------------------------------------------------------------------------------------


def _variant_text(column: Column, given: Expression) -> Expression:
    is_taken = json_values.is_taken(column, json_values.json_type(column, given))
    return F.when(is_taken, trimmed(given.cast("string")))


def _shown_variant(column: Column, given: Expression) -> Expression:
    return json_values.shown_json(column, given.cast("string"), json_values.json_type(column, given))


def _attribute_items(attribute: Expression) -> Expression:
    of_sets = [
        F.transform(F.from_json(attribute[tag], "array<string>"), _tagged(inner))
        for tag, inner in _SET_TAGS.items()
    ]
    return F.coalesce(F.from_json(attribute["L"], f"array<{ATTRIBUTE}>"), *of_sets)


def _tagged(tag: str) -> Callable[[Expression], Expression]:
    return lambda text: F.create_map(F.lit(tag), text)


JSON = Form(
    members=json_values.members,
    items=json_values.items,
    is_set=lambda _: F.lit(False),
    is_null=json_values.is_null,
    text=_variant_text,
    shown=_shown_variant,
    spellings=spellings,
)
ATTRIBUTES = Form(
    members=lambda attribute: F.from_json(attribute["M"], ITEM),
    items=_attribute_items,
    is_set=lambda attribute: attribute["L"].isNull(),
    is_null=lambda attribute: attribute.isNull() | attribute["NULL"].isNotNull(),
    text=attribute_text,
    shown=lambda _, attribute: shown(F.to_json(attribute)),
    spellings=lambda columns: {column.name: (column.name,) for column in columns},
)
