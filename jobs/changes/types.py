"""Text and DynamoDB attributes to values of a contract's types, exactly or not at all.

No number becomes a float on its way to an integer or decimal, nothing is rounded, and a value of another type
is distinguished from null. All functions build Spark expressions, which Spark evaluates.
"""

from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations import timestamps
from expectations.align import WHITESPACE
from expectations.contract import Column
from expectations.json_schema import BASE64
from jobs.changes.projections import once_per_jvm

ATTRIBUTE = "map<string,string>"  # {"N": "1"}; values under M, L and sets stay JSON text
ITEM = f"map<string,{ATTRIBUTE}>"
_VISIBLE = (0x21, 0x7E)  # ASCII except whitespace and control characters
_INTEGER_TYPES = {"int": "int", "long": "bigint"}
_NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$"
_SCIENTIFIC = r"^[+-]?([0-9]*)[.]?([0-9]*)[eE]([+-]?[0-9]{1,3})$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ]00:00(:00([.]0+)?)?[Zz]?)?$"
_BASIC_DATE = r"^([0-9]{4})([0-9]{2})([0-9]{2})$"
_TIMESTAMP = (  # the form that Spark reads by itself, and that nearly every timestamp has
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?" + rf"(Z|{timestamps.OFFSET})?$"
)
_ISO_TIMESTAMP = (  # every other form that `expectations.timestamps` accepts: day, time, zone
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})"
    r"(?:[T ]([0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?|[0-9]{2}(?:[0-9]{2}(?:[.,][0-9]+)?)?)?))?"
    rf" ?(Z|{timestamps.OFFSET})?$"
)


class Read(NamedTuple):
    """A column's typed value, null where there is none, and whether a value is given."""

    value: Expression
    is_given: Expression

    @property
    def wrong(self) -> Expression:
        """Whether the value that is given has another type."""
        return self.is_given & self.value.isNull()


def read_text(column: Column, text: Expression) -> Read:
    """Scalar values from text: a CSV field, or a JSON string or number."""
    return read_trimmed(column, trimmed(text))


def read_trimmed(column: Column, text: Expression) -> Read:
    """Scalar values from text without whitespace around it."""
    return Read(convert(column, text), text.isNotNull())


def read_attribute(column: Column, attribute: Expression, text: Expression | None = None) -> Read:
    """Scalar values from DynamoDB attributes, type `ATTRIBUTE`; an attribute of type NULL is null.

    `text` is a column that holds `attribute_text`, if there is one.
    """
    text = attribute_text(column, attribute) if text is None else text
    is_other = attribute.isNotNull() & attribute["NULL"].isNull()
    return Read(convert(column, text), text.isNotNull() | is_other)


def attribute_text(column: Column, attribute: Expression) -> Expression:
    """The text of a scalar, trimmed; null if the column does not accept the attribute's type."""
    texts = [attribute[tag] if tag == "N" else trimmed(attribute[tag]) for tag in _tags(column)]
    return F.coalesce(*texts)


def trimmed(text: Expression) -> Expression:
    """The text without the whitespace that `align` removes at both ends; Spark's `trim` removes less."""
    # Few texts have any. Trimming so many kinds of characters takes longer than all else done to a text.
    first, last = F.ascii(text), F.ascii(F.substring(text, -1, 1))
    is_bare = first.between(*_VISIBLE) & last.between(*_VISIBLE)
    return F.when(is_bare, text).otherwise(F.trim(text, _whitespace()))


@once_per_jvm
def _whitespace() -> Expression:
    return F.lit(WHITESPACE)


def _tags(column: Column) -> tuple[str, ...]:
    """The attribute types that a column accepts. Writers that do not know the contract send numbers as S."""
    match column.kind:
        case "binary":
            return ("B",)
        case "boolean":
            return ("BOOL",)
        case "int" | "long" | "decimal" | "float" | "double":
            return "N", "S"
    return ("S",)


def convert(column: Column, text: Expression) -> Expression:
    """A trimmed text as a value of the column's type; null if it is of another type."""
    return _SCALARS[column.kind](column, text)


def _integer(column: Column, text: Expression) -> Expression:
    return _exact(text, 38, 0).try_cast(_INTEGER_TYPES[column.kind])


def _decimal(column: Column, text: Expression) -> Expression:
    return _exact(text, *column.precision_scale)


def _exact(text: Expression, precision: int, scale: int) -> Expression:
    """A decimal if no digit is lost, else null: Spark's cast alone would round to the scale."""
    fraction, lone = ("0*", "0+") if not scale else (f"[0-9]{{0,{scale}}}0*", f"[0-9]{{1,{scale}}}0*")
    plain = text.rlike(rf"^[+-]?([0-9]+([.]{fraction})?|[.]{lone})$")
    whole, behind = F.regexp_extract(text, _SCIENTIFIC, 1), F.regexp_extract(text, _SCIENTIFIC, 2)
    digits = F.regexp_replace(F.concat(whole, behind), "0+$", "")
    exponent = F.regexp_extract(text, _SCIENTIFIC, 3).try_cast("int")
    is_zero = (digits == "") & exponent.isNotNull()
    fits = is_zero | (F.length(digits) - F.length(whole) - exponent <= scale)
    scientific = text.rlike(_NUMBER) & fits
    value = text.try_cast(f"decimal({precision},{scale})")
    # Not by OR: Spark extracts its common subexpressions, and would match all four patterns for each number.
    return F.when(plain, value).when(scientific, value)


def _floating(column: Column, text: Expression) -> Expression:
    value = F.when(text.rlike(_NUMBER), text.try_cast(column.type))
    return F.when(F.abs(value) < F.lit(float("inf")).cast(column.type), value)


def _boolean(column: Column, text: Expression) -> Expression:
    return F.when(F.lower(text).isin("true", "false"), F.lower(text) == "true")


def _date(column: Column, text: Expression) -> Expression:
    extended = F.regexp_replace(text, _BASIC_DATE, "$1-$2-$3")
    day = F.when(text.rlike(_DATE), F.substring(text, 1, 10).try_cast("date")).when(
        text.rlike(_BASIC_DATE), extended.try_cast("date")
    )
    return _of_this_calendar(day)


def _timestamp(column: Column, text: Expression) -> Expression:
    upper = F.upper(text)
    usual = F.when(upper.rlike(_TIMESTAMP), upper.try_cast("timestamp"))
    other = F.when(upper.rlike(_ISO_TIMESTAMP), _in_full(upper).try_cast("timestamp"))
    return _of_this_calendar(F.coalesce(usual, other))


def _in_full(text: Expression) -> Expression:
    """A timestamp of any ISO 8601 form in the form that Spark reads."""
    day = F.regexp_replace(F.regexp_extract(text, _ISO_TIMESTAMP, 1), "-", "")
    time, zone = F.regexp_extract(text, _ISO_TIMESTAMP, 2), F.regexp_extract(text, _ISO_TIMESTAMP, 3)
    clock = F.rpad(F.regexp_replace(time, "[.,].*|:", ""), 6, "0")
    fraction = F.regexp_extract(time, "[.,]([0-9]+)", 1)
    digits = F.regexp_replace(F.concat(day, clock), "^(....)(..)(..)(..)(..)(..)$", "$1-$2-$3T$4:$5:$6.")
    return F.concat(digits, F.rpad(fraction, 6, "0"), F.when(zone == "", "Z").otherwise(zone))


def _of_this_calendar(value: Expression) -> Expression:
    """Years 1 to 9999 after the offset is applied: Spark accepts more, which most readers cannot read."""
    return F.when((F.year(value) >= 1) & (F.year(value) <= 9999), value)


def _string(column: Column, text: Expression) -> Expression:
    return text


def _binary(column: Column, text: Expression) -> Expression:
    return F.when(text.rlike(BASE64), F.try_to_binary(text, F.lit("base64")))


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
