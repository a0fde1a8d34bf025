"""Reads instants of a Parquet file as UTC if the name of their time zone is unknown.

Parquet stores instants as numbers in UTC; the zone is a hint for display in the writer's own metadata
(LogicalTypes.md, TIMESTAMP). `tzutc()`, `CEST`, `GMT+2` and the names of Windows are not zones of the IANA
database, and pyarrow can't convert such an instant to Python.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def known_zones(schema: "pa.Schema") -> "pa.Schema | None":
    """The schema with UTC in place of unknown zones; None if all are known."""
    import pyarrow as pa

    fields = [field.with_type(_known(field.type)) for field in schema]
    found = pa.schema(fields, metadata=schema.metadata)
    return None if found == schema else found


def _known(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return kind if _is_known(kind.tz) else pa.timestamp(kind.unit, "UTC")
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_known(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_known(kind.value_type)))
    return kind


def _is_known(zone: str | None) -> bool:
    import pyarrow as pa

    if zone is None:
        return True
    try:
        pa.lib.string_to_tzinfo(zone)
    except Exception:  # noqa: BLE001 -- of pyarrow, pytz or zoneinfo, whichever is installed
        return False
    return True
