"""ODCS partitioning -> Iceberg partition fields."""

import re
from collections.abc import Mapping, Sequence

from open_data_contract_standard.model import SchemaProperty

from expectations.contract import Column, Partition
from expectations.odcs.columns import COLUMN_PROPERTIES
from expectations.odcs.document import custom_properties, given_position
from expectations.problems import Findings

TRANSFORMS = {  # transform -> kinds of column it takes
    "identity": ("string", "int", "long", "boolean", "date", "timestamp", "decimal", "binary"),
    "years": ("date", "timestamp"),
    "months": ("date", "timestamp"),
    "days": ("date", "timestamp"),
    "hours": ("timestamp",),
    "bucket": ("string", "int", "long", "date", "timestamp", "decimal", "binary"),
    "truncate": ("string", "int", "long", "decimal", "binary"),
}
_SIZED = ("bucket", "truncate")
_SUFFIXES = {
    "years": "year",
    "months": "month",
    "days": "day",
    "hours": "hour",
    "bucket": "bucket",
    "truncate": "trunc",
}
_FORM = re.compile(r"([a-z]+)(?:\[([1-9][0-9]{0,8})\])?")


def read_partitions(
    properties: Sequence[SchemaProperty], columns: Sequence[Column], path: str, findings: Findings
) -> tuple[Partition, ...]:
    """The partition fields of columns with `partitioned: true`, by `partitionKeyPosition`, else by place."""
    by_name = {column.name: column for column in columns}
    positions: dict[int, Partition] = {}
    for index, prop in enumerate(properties):
        where = f"{path}[{index}]"
        # With findings of its own, as the reader of the column reports problems of custom properties.
        custom = custom_properties(prop.customProperties, COLUMN_PROPERTIES, where, Findings(findings.file))
        if not prop.partitioned:
            if "partitionTransform" in custom or given_position(prop.partitionKeyPosition) is not None:
                expected = "partitioned: true with partitionTransform and partitionKeyPosition"
                findings.add(where, "partitioned", expected, "none", "add it")
            continue
        transform, transform_path = custom.get("partitionTransform", ("identity", f"{where}.partitioned"))
        if prop.name in by_name:
            _check_transform(by_name[prop.name], transform, transform_path, findings)
        position = given_position(prop.partitionKeyPosition)
        position = len(positions) + 1 if position is None else position
        if position in positions:
            where_position = f"{where}.partitionKeyPosition"
            advice = "number the partition columns"
            findings.add(where_position, "partition-position", "each position once", str(position), advice)
        positions[position] = Partition(prop.name or "", str(transform))
        _check_name(positions[position], by_name, transform_path, findings)
    return tuple(positions[position] for position in sorted(positions))


def _check_name(partition: Partition, columns: Mapping[str, Column], path: str, findings: Findings) -> None:
    """Add a problem if a column has the name that Iceberg gives the partition field."""
    name = f"{partition.column}_{_SUFFIXES.get(partition.transform.partition('[')[0])}"
    if name in columns:
        expected = f"no column {name}, as Iceberg gives this name to the partition field"
        findings.add(path, "partition-name", expected, "one", "rename it, or use another transform")


def _check_transform(column: Column, transform: object, path: str, findings: Findings) -> None:
    found = _FORM.fullmatch(transform) if isinstance(transform, str) else None
    name = found[1] if found else ""
    if found is None or name not in TRANSFORMS or (found[2] is not None) != (name in _SIZED):
        known = ", ".join(f"{name}[n]" if name in _SIZED else name for name in TRANSFORMS)
        findings.add(path, "partition-transform", known, repr(transform), "use one of them")
    elif column.kind not in TRANSFORMS[name]:
        expected = f"a column of type {', '.join(TRANSFORMS[name])} for {name}"
        findings.add(path, "partition-transform", expected, column.type, "use another transform")
