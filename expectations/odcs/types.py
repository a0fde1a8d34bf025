"""ODCS logical and physical types -> Iceberg types."""

import re

from expectations.problems import GluelineError

# Name of a physical type -> Iceberg type. Timestamps are instants: with zone, in microseconds.
PHYSICAL = {
    "string": "string",
    "varchar": "string",
    "text": "string",
    "int": "int",
    "integer": "int",
    "int32": "int",
    "long": "long",
    "bigint": "long",
    "int64": "long",
    "float": "float",
    "real": "float",
    "float32": "float",
    "double": "double",
    "double precision": "double",
    "float64": "double",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "timestamp with time zone": "timestamp",
    "binary": "binary",
    "varbinary": "binary",
    "bytes": "binary",
    "struct": "struct",
    "object": "struct",
    "list": "list",
    "array": "list",
}
# Logical type -> the kinds it may have; the first one is the default without a physicalType.
LOGICAL = {
    "string": ("string", "binary"),
    "integer": ("long", "int", "decimal"),
    "number": ("double", "float", "decimal", "int", "long"),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp",),
    "object": ("struct",),
    "array": ("list",),
}
FORMATS = {"i8": "int", "i16": "int", "i32": "int", "i64": "long", "f32": "float", "f64": "double"}
KNOWN = "string, int, long, float, double, decimal(p,s), boolean, date, timestamp, binary, struct or list"

_DECIMAL = re.compile(r"(?:decimal|numeric) ?\( ?(\d+) ?(?:, ?(\d+) ?)?\)")
_MAX_PRECISION = 38


class UnknownType(GluelineError, ValueError):
    """Raised when a column cannot have the type."""

    def __init__(self, expected: str, got: str, advice: str) -> None:
        self.expected, self.got, self.advice = expected, got, advice
        super().__init__(f"expected {expected}, got {got!r}; {advice}")


def physical_type(text: str) -> str:
    """The Iceberg type of a physicalType; struct and list are without their fields."""
    name = " ".join(text.lower().split())
    if name in PHYSICAL:
        return PHYSICAL[name]
    if found := _DECIMAL.fullmatch(name):
        precision, scale = int(found[1]), int(found[2] or 0)
        if not 1 <= precision <= _MAX_PRECISION or scale > precision:
            raise UnknownType("decimal(p,s) with p from 1 to 38 and s from 0 to p", text, "correct p or s")
        return f"decimal({precision},{scale})"
    raise UnknownType(KNOWN, text, _advice(name))


def logical_type(text: str, size: str | None) -> str:
    """The Iceberg type of a logicalType without physicalType; `size` is its format option (i32, f32, …)."""
    if text not in LOGICAL:
        raise UnknownType(f"one of {', '.join(LOGICAL)}", text, f"give a physicalType of {KNOWN}")
    return FORMATS.get(size or "", LOGICAL[text][0])


def _advice(name: str) -> str:
    if name.startswith(("decimal", "numeric")):
        return "write precision and scale, e.g. decimal(10,2)"
    if name.startswith(("varchar", "char")):
        return "write string, and the length as logicalTypeOptions.maxLength"
    if name.startswith(("struct", "list", "array", "map")):
        return "write struct with properties, or list with items"
    if "ntz" in name or "without" in name:
        return "write timestamp: every timestamp is an instant in UTC"
    return "write the column's Iceberg type"
