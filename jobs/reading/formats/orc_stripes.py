"""Stripes of ORC files as Arrow batches, with timestamps over their whole range.

Arrow has the timestamps of ORC in 64 bits of nanoseconds, which end in the years 1677 and 2262. Of a stripe
with one that lies beyond, such as the "forever" 9999-12-31, the Arrow of Glue gives another time, and later
ones refuse it. The statistics of each stripe tell; pyorc reads the columns of such a stripe that have
timestamps, in microseconds.
"""

from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from jobs.reading.formats.arrow_schema import with_leaves
from jobs.reading.formats.rows import UnreadableFile

if TYPE_CHECKING:
    import pyarrow as pa

_MICROS = 10**6
_FIRST, _LAST = datetime(1677, 9, 22, tzinfo=UTC), datetime(2262, 4, 11, tzinfo=UTC)  # whole days of Arrow


def read_stripe(
    file: IO[bytes], orc: Any, stripe: int, columns: list[str] | None = None, *, exact: bool = False
) -> "pa.RecordBatch":
    """The rows of a stripe. `exact` raises UnreadableFile for a time that microseconds do not hold."""
    import pyarrow as pa

    names = columns or orc.schema.names
    of_times = [name for name in names if _has_times(orc.schema.field(name))]
    if not of_times or not _may_have_far_times(file, stripe):
        return orc.read_stripe(stripe, columns)
    others = [name for name in names if name not in of_times]
    found = _read_times(file, stripe, pa.schema([orc.schema.field(name) for name in of_times]), exact=exact)
    if others:
        batch = orc.read_stripe(stripe, others)
        found.update((name, batch.column(name)) for name in others)
    return pa.RecordBatch.from_arrays([found[name] for name in names], names)


def has_far_times(file: IO[bytes], orc: Any) -> bool:
    """Whether a stripe has a timestamp that Arrow does not read. UnreadableFile if no unit holds them all."""
    names = [field.name for field in orc.schema if _has_times(field)]
    if not names:
        return False
    batches = [read_stripe(file, orc, stripe, names).schema for stripe in range(orc.nstripes)]
    if all(schema.types == [orc.schema.field(name).type for name in schema.names] for schema in batches):
        return False
    for stripe in range(orc.nstripes):
        _read_times(file, stripe, orc.schema, exact=True)
    return True


def _may_have_far_times(file: IO[bytes], stripe: int) -> bool:
    """Whether the stripe's statistics tell of a timestamp beyond Arrow's, or do not tell of all."""
    import pyorc

    source: Any = file
    reader = pyorc.Reader(source)
    part = reader.read_stripe(stripe)
    try:
        found = [part[number].statistics for number in range(1 + _last_id(reader.schema))]
        return any(_is_far(one) for one in found if one["kind"].name.startswith("TIMESTAMP"))
    except (OverflowError, ValueError, RuntimeError):  # a year that Python does not have, or no statistics
        return True


def _is_far(statistics: Any) -> bool:
    if not statistics["number_of_values"]:
        return False
    least, greatest = statistics.get("lower_bound"), statistics.get("upper_bound")
    return least is None or greatest is None or not _FIRST <= least <= greatest <= _LAST


def _last_id(kind: Any) -> int:
    """The number of the last column inside a type; ORC numbers columns in the order of the schema."""
    inner = [*getattr(kind, "fields", {}).values()]
    inner += [getattr(kind, name) for name in ("type", "key", "value") if hasattr(kind, name)]
    inner += getattr(kind, "cont_types", ())
    last: int = max([kind.column_id, *map(_last_id, inner)])
    return last


def in_micros(schema: "pa.Schema") -> "pa.Schema":
    """The schema with timestamps in microseconds."""
    import pyarrow as pa

    def change(kind: "pa.DataType") -> "pa.DataType":
        return pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else kind

    return with_leaves(schema, change)


def _has_times(field: "pa.Field") -> bool:
    import pyarrow as pa

    return bool(in_micros(pa.schema([field])).field(0) != field)


def _read_times(
    file: IO[bytes], stripe: int, schema: "pa.Schema", *, exact: bool
) -> "dict[str, pa.Array[Any]]":
    """The columns of the schema that have timestamps, in microseconds."""
    import pyarrow as pa
    import pyorc
    from pyorc.converters import ORCConverter
    from pyorc.enums import StructRepr, TypeKind

    class Micros(ORCConverter):
        @staticmethod
        def from_orc(seconds: int, nanoseconds: int, _zone: Any) -> int:
            if exact and nanoseconds % 1000:
                raise UnreadableFile(
                    "orc: expected times that can be written again, got years beyond 1677 to 2262 beside "
                    "nanoseconds: no rows can be taken out of this file"
                )
            return seconds * _MICROS + nanoseconds // 1000

    class Days(ORCConverter):
        @staticmethod
        def from_orc(days: int) -> int:
            return days

    names = [field.name for field in schema if _has_times(field)]
    # Any: pyorc asks for more of a file and of a converter than it uses.
    source: Any = file
    converters: Any = {
        TypeKind.TIMESTAMP: Micros,
        TypeKind.TIMESTAMP_INSTANT: Micros,
        TypeKind.DATE: Days,
    }
    reader = pyorc.Reader(source, column_names=names, struct_repr=StructRepr.DICT, converters=converters)
    rows: list[Any] = list(reader.read_stripe(stripe))
    kinds = in_micros(schema)
    return {name: pa.array([row[name] for row in rows], kinds.field(name).type) for name in names}
