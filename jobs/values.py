"""Text and DynamoDB attributes -> values of a contract's types, exactly or not at all.

No number passes through a float on its way to an integer or decimal, nothing is rounded, and what is not of
the type is told apart from what is null. Everything here builds Spark expressions; Spark evaluates them.
"""

from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column
from expectations.spark_schema import spark_type

ATTRIBUTE = "map<string,string>"  # {"N": "1"}; what stands under M, L and sets stays JSON text
ITEM = f"map<string,{ATTRIBUTE}>"
_INTEGER_TYPES = {"int": "int", "long": "bigint"}
_NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"
_SCIENTIFIC = r"^[+-]?([0-9]*)[.]?([0-9]*)[eE]([+-]?[0-9]{1,3})$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.]0+)?)?Z?)?$"
_TIMESTAMP = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$"
)
_BASIC_TIMESTAMP = (  # ISO 8601's form without signs between; Spark reads the other one alone
    r"^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})([.][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?$"
)


class Read(NamedTuple):
    """A column of typed values: null where there is none; `wrong` where there is one of another type."""

    value: Expression
    wrong: Expression


def read_text(column: Column, text: Expression) -> Read:
    """Values from text: a CSV field, or a JSON value as text (strings without quotes, the rest as JSON)."""
    if column.kind == "struct":
        return _read_struct(column, text, "map<string,string>", read_text)
    if column.kind == "list":
        return _read_list(column.fields[0], text, "array<string>", read_text)
    # An empty field of a type that has no empty value is how many writers of CSV spell null.
    given = text if column.kind == "string" else F.nullif(F.trim(text), F.lit(""))
    return _read_scalar(column, given)


def read_attribute(column: Column, attribute: Expression) -> Read:
    """Values from DynamoDB attributes, type `ATTRIBUTE`; an attribute of type NULL is null."""
    null = attribute["NULL"].isNotNull()
    if column.kind == "struct":
        read = _read_struct(column, attribute["M"], ITEM, read_attribute)
    elif column.kind == "list":
        read = _read_attribute_list(column.fields[0], attribute)
    else:
        read = _read_scalar(column, F.coalesce(*(attribute[tag] for tag in _tags(column))))
    other_type = attribute.isNotNull() & ~null & read.value.isNull()
    return Read(read.value, read.wrong | other_type)


def _tags(column: Column) -> tuple[str, ...]:
    """The attribute types a scalar may come as; writers that don't know the contract send numbers as text."""
    match column.kind:
        case "binary":
            return ("B",)
        case "boolean":
            return ("BOOL",)
        case "int" | "long" | "decimal" | "float" | "double":
            return "N", "S"
    return ("S",)


def _read_scalar(column: Column, text: Expression) -> Read:
    value = _SCALARS[column.kind](column, text)
    return Read(value, text.isNotNull() & value.isNull())


def _integer(column: Column, text: Expression) -> Expression:
    return _exact(text, 38, 0).try_cast(_INTEGER_TYPES[column.kind])


def _decimal(column: Column, text: Expression) -> Expression:
    return _exact(text, *column.precision_scale)


def _exact(text: Expression, precision: int, scale: int) -> Expression:
    """A decimal if no digit is lost: Spark's cast alone would round to the scale."""
    fraction = rf"([.][0-9]{{0,{scale}}}0*)?" if scale else r"([.]0*)?"
    plain = text.rlike(rf"^[+-]?([0-9]+{fraction}|[.][0-9]{{1,{max(scale, 1)}}}0*)$")
    whole, behind = F.regexp_extract(text, _SCIENTIFIC, 1), F.regexp_extract(text, _SCIENTIFIC, 2)
    digits = F.regexp_replace(F.concat(whole, behind), "0+$", "")
    exponent = F.regexp_extract(text, _SCIENTIFIC, 3).try_cast("int")
    scientific = text.rlike(_NUMBER) & (F.length(digits) - F.length(whole) - exponent <= scale)
    value = text.try_cast(f"decimal({precision},{scale})")
    # Not by OR: Spark takes what comes twice behind one out of it, and would match all four for every number.
    return F.when(plain, value).when(scientific, value)


def _floating(column: Column, text: Expression) -> Expression:
    value = F.when(text.rlike(_NUMBER), text.try_cast(column.type))
    return F.when(F.abs(value) < F.lit(float("inf")).cast(column.type), value)


def _boolean(column: Column, text: Expression) -> Expression:
    return F.when(F.lower(text).isin("true", "false"), F.lower(text) == "true")


def _date(column: Column, text: Expression) -> Expression:
    return _of_this_calendar(F.when(text.rlike(_DATE), F.substring(text, 1, 10).try_cast("date")))


def _timestamp(column: Column, text: Expression) -> Expression:
    upper = F.upper(text)
    extended = F.regexp_replace(upper, _BASIC_TIMESTAMP, "$1-$2-$3T$4:$5:$6$7$8")
    value = F.when(upper.rlike(_TIMESTAMP), upper.try_cast("timestamp")).when(
        upper.rlike(_BASIC_TIMESTAMP), extended.try_cast("timestamp")
    )
    return _of_this_calendar(value)


def _of_this_calendar(value: Expression) -> Expression:
    """Years 1 to 9999, also once the offset is applied: Spark goes further, and most readers can't follow."""
    return F.when((F.year(value) >= 1) & (F.year(value) <= 9999), value)


def _string(column: Column, text: Expression) -> Expression:
    return text


def _binary(column: Column, text: Expression) -> Expression:
    return F.try_to_binary(text, F.lit("base64"))


_SCALARS: dict[str, Callable[[Column, Expression], Expression]] = {
    "int": _integer,
    "long": _integer,
    "decimal": _decimal,
    "float": _floating,
    "double": _floating,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "string": _string,
    "binary": _binary,
}

type _ReadValue = Callable[[Column, Expression], Read]


def _read_struct(column: Column, text: Expression, schema: str, read: _ReadValue) -> Read:
    parts = F.from_json(text, schema)
    fields = {field.name: read(field, parts[field.name]) for field in column.fields}
    value = F.struct(*(part.value.alias(name) for name, part in fields.items()))
    wrong = text.isNotNull() & parts.isNull()
    for part in fields.values():
        wrong = wrong | part.wrong
    return Read(F.when(parts.isNotNull(), value), F.coalesce(wrong, F.lit(False)))


def _read_list(element: Column, text: Expression, schema: str, read: _ReadValue) -> Read:
    items = F.from_json(text, schema)
    value = F.transform(items, lambda item: read(element, item).value)
    wrong = (text.isNotNull() & items.isNull()) | F.exists(items, lambda item: read(element, item).wrong)
    return Read(value.cast(f"array<{spark_type(element).simpleString()}>"), F.coalesce(wrong, F.lit(False)))


def _read_attribute_list(element: Column, attribute: Expression) -> Read:
    """A list in its order; a set sorted, so that one set is one array."""
    elements = _read_list(element, attribute["L"], f"array<{ATTRIBUTE}>", read_attribute)
    texts = F.coalesce(attribute["SS"], attribute["NS"], attribute["BS"])
    members = _read_list(element, texts, "array<string>", read_text)
    return Read(F.coalesce(elements.value, F.array_sort(members.value)), elements.wrong | members.wrong)
