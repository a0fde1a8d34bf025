"""ODCS logical and physical types -> Iceberg types."""

import re
from dataclasses import dataclass

from expectations.problems import GluelineError

# Name of a physical type -> Iceberg type. Timestamps are instants: with zone, in microseconds.
PHYSICAL = {
    **dict.fromkeys(
        (
            *("string", "varchar", "text", "char", "character", "character varying", "nchar", "nvarchar"),
            *("varchar2", "nvarchar2", "bpchar", "clob", "nclob", "ntext", "tinytext", "mediumtext"),
            *("longtext", "citext", "uuid", "guid", "uniqueidentifier", "json", "jsonb"),
        ),
        "string",
    ),
    "int": "int",
    "integer": "int",
    "int32": "int",
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int2", "int4", "int16"), "int"),
    **dict.fromkeys(("byteint", "short", "smallserial", "serial"), "int"),
    "long": "long",
    "bigint": "long",
    "int64": "long",
    **dict.fromkeys(("int8", "bigserial"), "long"),  # int8 has eight bytes in Postgres
    "float": "float",
    "real": "float",
    "float32": "float",
    "float4": "float",
    "double": "double",
    "double precision": "double",
    "float64": "double",
    "float8": "double",
    "boolean": "boolean",
    "bool": "boolean",
    "bit": "boolean",
    "logical": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamp",
    "timestamp with time zone": "timestamp",
    "timestamp with local time zone": "timestamp",
    **dict.fromkeys(("timestamp_tz", "timestamp_ltz", "datetimeoffset", "instant"), "timestamp"),
    "binary": "binary",
    "varbinary": "binary",
    "bytes": "binary",
    "blob": "binary",
    "bytea": "binary",
    "struct": "struct",
    "record": "struct",
    "row": "struct",
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
BESIDE = {
    **LOGICAL,
    "date": ("date", "timestamp"),
    "time": ("string",),
}  # logical type -> the kinds it may have by its physicalType
_EXACT = ("string", "integer", "boolean", "object", "array")  # logical types that need no physical type
_DOCUMENTS = ("json", "jsonb", "variant", "super")  # physical types whose value the logical type describes
FORMATS = {"i8": "int", "i16": "int", "i32": "int", "i64": "long", "f32": "float", "f64": "double"}
WIDER = {  # formats of logicalType integer that no Iceberg type has -> a type that holds their values
    "u8": "int",
    "u16": "int",
    "u32": "long",
    "u64": "decimal(20,0)",
    "i128": "decimal(38,0)",
    "u128": "decimal(38,0)",
}
UNSUPPORTED = {  # logical type of ODCS -> what to write instead
    "map": "write an array whose items are objects with the properties key and value",
    "vector": "write an array whose items have logicalType number, format f32",
    "time": "write physicalType: string, with a pattern like ^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$",
}
KNOWN = "string, int, long, float, double, decimal(p,s), boolean, date, timestamp, binary, struct or list"

_DECIMAL = re.compile(r"(?:decimal|numeric|number|dec|bignumeric) ?\( ?(\d+) ?(?:, ?(\d+) ?)?\)")
_SIZED = re.compile(
    r"(?P<name>[a-z_0-9 ]+?) ?[(\[] ?(?P<size>[0-9]+|max)(?:, ?(?P<scale>[0-9]+))? ?(?:byte|char)? ?[)\]]"
    r"(?P<rest>[a-z_0-9 ]*)"
)
_NESTED = re.compile(r"(struct|record|row|list|array) ?[<(].*[>)]", re.DOTALL)
_MAX_PRECISION = 38
_FLOAT_BITS = 24
_FRACTION_DIGITS = 6
_MOST_CHARACTERS = 2**31 - 1  # which Java counts as an int


@dataclass(frozen=True, slots=True)
class PhysicalType:
    """A physicalType as it is read."""

    iceberg: str  # struct and list are without their fields
    max_length: int | None = None  # characters of a varchar(n)
    note: str | None = None  # what Iceberg does not keep of it


class UnknownType(GluelineError, ValueError):
    """Raised when a column cannot have the type."""

    def __init__(self, expected: str, got: str, advice: str) -> None:
        self.expected, self.got, self.advice = expected, got, advice
        super().__init__(f"expected {expected}, got {got!r}; {advice}")


def physical_type(text: str) -> PhysicalType:
    """The Iceberg type and length of a physicalType, in any case of letters."""
    name = " ".join(text.lower().split())
    if name in PHYSICAL:
        return PhysicalType(PHYSICAL[name])
    if found := _NESTED.fullmatch(name):  # properties or items describe what is inside
        return PhysicalType(PHYSICAL[found[1]])
    if found := _DECIMAL.fullmatch(name):
        precision, scale = int(found[1]), int(found[2] or 0)
        if not 1 <= precision <= _MAX_PRECISION or scale > precision:
            raise UnknownType("decimal(p,s) with p from 1 to 38 and s from 0 to p", text, "correct p or s")
        return PhysicalType(f"decimal({precision},{scale})")
    if (found := _SIZED.fullmatch(name)) and (sized := _sized(**found.groupdict())):
        return sized
    raise UnknownType(KNOWN, text, _advice(name))


def _sized(name: str, size: str, scale: str | None, rest: str) -> PhysicalType | None:
    """The type `name(size)rest`, e.g. timestamp(3) with time zone; None if there is no such type."""
    iceberg, number = PHYSICAL.get(name + rest), None if size == "max" else int(size)
    note: str | None = None
    if scale is not None:
        iceberg = iceberg if iceberg in ("float", "double") else None
        note = "its number of digits is not checked"
    elif name == "float" and number is not None:
        iceberg = "float" if number <= _FLOAT_BITS else "double"
    elif iceberg == "timestamp" and number is not None and number > _FRACTION_DIGITS:
        note = "it is kept in microseconds"
    elif iceberg == "binary":
        note = "its length is not checked"
    elif (name, number) == ("tinyint", 1):
        note = "it is read as int; write boolean if it has true and false"
    elif iceberg in ("struct", "list", "date") or (name == "bit" and number != 1):
        iceberg = None
    if iceberg is None:
        return None
    is_text = iceberg == "string" and number is not None and number <= _MOST_CHARACTERS
    return PhysicalType(iceberg, number if is_text else None, note)


def source_type(text: str, logical: str | None) -> PhysicalType:
    """The type of a physicalType beside a logicalType.

    A physicalType is free text in ODCS, as the data's source has it. If it is unknown here, the logical type
    decides where it is exact: not for numbers with a fraction, nor for times without zone. `date` beside a
    timestamp is one, as ODCS 3.0 has no other name for it.
    """
    name = " ".join(text.lower().split())
    if logical in ("object", "array") and name in _DOCUMENTS:
        return PhysicalType(LOGICAL[logical][0])
    try:
        return physical_type(text)
    except UnknownType as error:
        is_exact = name.startswith(logical) if logical in ("date", "timestamp") else logical in _EXACT
        if not is_exact or error.expected != KNOWN or _has_no_zone(name) or name.startswith("map"):
            raise
        kind = LOGICAL[logical or ""][0]
        return PhysicalType(kind, note=f"it is not a type that Glueline knows; logicalType makes it {kind}")


def logical_type(text: str, size: str | None) -> str:
    """The Iceberg type of a logicalType without physicalType; `size` is its format option (i32, f32, …)."""
    if text in UNSUPPORTED:
        raise UnknownType(f"one of {', '.join(LOGICAL)}", text, UNSUPPORTED[text])
    if text not in LOGICAL:
        raise UnknownType(f"one of {', '.join(LOGICAL)}", text, f"give a physicalType of {KNOWN}")
    wider = WIDER if text == "integer" else {}
    return (FORMATS | wider).get(size or "", LOGICAL[text][0])


def _advice(name: str) -> str:
    if name.startswith(("decimal", "numeric", "number")):
        return "write precision and scale, e.g. decimal(10,2)"
    if name.startswith("map"):
        return f"a map is not supported; {UNSUPPORTED['map']}"
    if _has_no_zone(name):
        return "write timestamp: every timestamp is an instant in UTC"
    return "write the column's Iceberg type"


def _has_no_zone(name: str) -> bool:
    return "ntz" in name or "without" in name or "datetime" in name
