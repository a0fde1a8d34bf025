"""Values in a contract: defaults of columns, and values with which rules compare a column."""

from decimal import Decimal
from typing import Any

from expectations import timestamps
from expectations.contract import Column
from expectations.odcs.limits import is_number, range_of

_NUMBERS = {  # kind -> types of its numbers in YAML
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "decimal": (int, float),
}


def fits(column: Column, value: Any) -> bool:
    """Whether the column can hold the value, in the form in which aligned rows have it."""
    match column.kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "timestamp":
            return isinstance(value, str) and timestamps.is_canonical(value)
        case "date":
            return isinstance(value, str) and timestamps.is_date(value)
    if type(value) not in _NUMBERS.get(column.kind, ()) or not is_number(value):
        return False
    least, greatest = range_of(column)
    return least <= value <= greatest and _is_exact(column, value)


def _is_exact(column: Column, value: float) -> bool:
    """Whether the column holds the number without rounding it."""
    if column.kind != "decimal":
        return True
    digits = Decimal(repr(value)).normalize().as_tuple()
    return -int(digits.exponent) <= column.precision_scale[1]
