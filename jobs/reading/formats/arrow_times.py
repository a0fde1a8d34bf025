"""Times of Arrow arrays as ISO 8601 text, exact to the nanosecond."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 and 9999, as in `timestamps`
_GREGORIAN = -141_427  # 1582-10-15
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_DAY = 86_400  # seconds
_TO_DAY, _TO_SECONDS, _TO_TIME = 10, 19, 8  # characters of a day, a day with a time, a time; no fraction


class Texts(NamedTuple):
    """The texts, and which of them are of no day of the years 1 to 9999; None if all are."""

    values: "pa.Array[Any]"
    beyond: "pa.Array[Any] | None"


def instants(column: "pa.Array[Any]") -> Texts:
    """Timestamps as text; with the offset of UTC if they have a zone, whatever it is called.

    Parquet and ORC store instants as numbers in UTC. A zone is a hint for display, in the writer's own
    metadata, and may be a name that nobody knows: `tzutc()`, `CEST`, a name of Windows.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    unit = column.type.unit
    numbers = column.cast(pa.int64())
    full = numbers.cast(pa.timestamp(unit)).cast(pa.string())
    at = pc.utf8_replace_slice(_short(full, _TO_SECONDS, _DIGITS[unit]), _TO_DAY, _TO_DAY + 1, "T")
    if column.type.tz is not None:
        at = pc.binary_join_element_wise(at, "+00:00", "")
    each = _PER_SECOND[unit]
    beyond = None if unit == "ns" else _beyond(numbers, _FIRST_SECOND * each, (_LAST_SECOND + 1) * each - 1)
    return Texts(at if beyond is None else pc.if_else(beyond, full, at), beyond)


def are_midnights(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Which of the timestamps are midnight, in UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers, day = column.cast(pa.int64()), _DAY * _PER_SECOND[column.type.unit]
    return pc.equal(pc.multiply(pc.divide(numbers, day), day), numbers)


def are_before_gregorian(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Which of the timestamps or dates are before 1582-10-15, the first day of the Gregorian calendar."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_date(column.type):
        return pc.less(column.cast(pa.date32()).cast(pa.int32()), _GREGORIAN)
    return pc.less(column.cast(pa.int64()), _GREGORIAN * _DAY * _PER_SECOND[column.type.unit])


def days(column: "pa.Array[Any]") -> Texts:
    """Dates as text."""
    import pyarrow as pa

    in_days = column.cast(pa.date32())
    return Texts(in_days.cast(pa.string()), _beyond(in_days.cast(pa.int32()), _FIRST_DAY, _LAST_DAY))


def times(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Times of the day as text."""
    import pyarrow as pa

    return _short(column.cast(pa.string()), _TO_TIME, _DIGITS[column.type.unit])


def durations(column: "pa.Array[Any]") -> "pa.Array[Any]":
    """Durations as text in seconds: `PT90061.5S`."""
    import pyarrow as pa

    digits = _DIGITS[column.type.unit]

    def text(number: int) -> str:
        seconds = f"{Decimal(number).scaleb(-digits):f}"
        return f"PT{seconds.rstrip('0').rstrip('.') if digits else seconds}S"

    numbers = column.cast(pa.int64()).to_pylist()
    return pa.array([None if number is None else text(number) for number in numbers], pa.string())


def _short(texts: "pa.Array[Any]", whole: int, digits: int) -> "pa.Array[Any]":
    """Texts that have a fraction of so many digits, without it if it is zero, else with six or nine digits.

    Two of these forms would differ for one instant if they followed from the unit of its column.
    """
    import pyarrow.compute as pc

    if not digits:
        return texts
    zero = pc.ends_with(texts, "." + "0" * digits)
    cut = pc.utf8_slice_codeunits(texts, 0, whole)
    if pc.all(zero).as_py() is not False:
        return cut
    if digits == 3:
        texts = pc.binary_join_element_wise(texts, "000", "")
    elif digits == 9:
        short = pc.utf8_slice_codeunits(texts, 0, whole + 7)
        texts = pc.if_else(pc.ends_with(texts, "000"), short, texts)
    return pc.if_else(zero, cut, texts)


def _beyond(numbers: "pa.Array[Any]", first: int, last: int) -> "pa.Array[Any] | None":
    import pyarrow.compute as pc

    found = pc.or_(pc.less(numbers, first), pc.greater(numbers, last))
    return found if pc.any(found).as_py() else None
