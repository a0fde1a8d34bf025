"""JSON text to its members as variants, and variants to values of a contract's scalar types.

A variant keeps what its text would lose: whether a value is a text, a number or a boolean. Parsing refuses an
object that has a name twice, at any depth. Numbers of up to 38 digits keep all digits;
`jobs.reading.formats.exact_numbers` handles longer ones.
"""

from pyspark.sql import Column as Expression
from pyspark.sql import functions as F

from expectations.contract import Column
from jobs.changes.reasons import shown
from jobs.changes.types import Read, read_trimmed

_TEXT, _BOOLEAN = "STRING", "BOOLEAN"
_OF_TEXT = ("string", "date", "timestamp", "binary")
_NUMBER = r"^(BIGINT|DOUBLE|DECIMAL)"


def parse_members(text: Expression) -> Expression:
    """The members of a JSON object, name -> variant; null for any other text."""
    return members(F.try_parse_json(text))


def members(value: Expression) -> Expression:
    """The members of an object, name -> variant; null if the variant is not an object."""
    return F.try_variant_get(value, "$", "map<string,variant>")


def items(value: Expression) -> Expression:
    """The items of an array; null if the variant is not an array."""
    return F.try_variant_get(value, "$", "array<variant>")


def is_null(value: Expression) -> Expression:
    """Whether a variant is null or missing."""
    return value.isNull() | F.is_variant_null(value)


def json_type(column: Column, value: Expression) -> Expression:
    """The JSON type of a variant as Spark names it, for a column that accepts a single type; else null."""
    return F.schema_of_variant(value) if _only_type(column) else F.lit(None).cast("string")


def read_json(column: Column, text: Expression, given: Expression) -> Read:
    """Scalar values from the trimmed texts and `json_type`s of variants; a format of texts has null types."""
    read = read_trimmed(column, text)
    if _only_type(column) is None:
        return read
    return Read(F.when(is_taken(column, given), read.value), read.is_given)


def is_taken(column: Column, given: Expression) -> Expression:
    """Whether a column accepts values of a JSON type."""
    return F.coalesce(given == F.lit(_only_type(column)), F.lit(True))


def shown_json(column: Column, text: Expression, given: Expression) -> Expression:
    """A variant of another type than the column's, as a reason shows it, with advice."""
    match _only_type(column):
        case "STRING":
            number = F.concat(F.lit("the number "), text, F.lit("; write it in quotes"))
            return F.when(given.rlike(_NUMBER), number).otherwise(shown(text))
        case "BOOLEAN":
            quoted = F.concat(F.lit("the text "), shown(text), F.lit("; write true or false without quotes"))
            return F.when(given == _TEXT, quoted).otherwise(shown(text))
    return shown(text)


def _only_type(column: Column) -> str | None:
    """The single JSON type of a column's values; None for numbers, which may also be texts."""
    if column.kind in _OF_TEXT:
        return _TEXT
    return _BOOLEAN if column.kind == "boolean" else None
