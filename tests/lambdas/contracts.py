"""Contracts for cases that the real datasets do not have: all types, a text key, counted versions."""

from decimal import Decimal

from expectations.access_patterns import AccessPattern
from expectations.contract import Column, Contract, Limits, Row

THINGS = Contract(
    dataset="things",
    version="1.0.0",
    description="One column of every type; no sequence column.",
    columns=(
        Column("name", "string", required=True),
        Column("day", "date", required=True),
        Column("exact", "decimal(38,10)"),
        Column("ratio", "double"),
        Column("flag", "boolean"),
        Column("blob", "binary"),
        Column(
            "size",
            "struct<width:int,unit:string>",
            fields=(Column("width", "int", required=True), Column("unit", "string")),
        ),
        Column("tags", "list<string>", fields=(Column("element", "string"),)),
    ),
    key=("name", "day"),
)

COUNTERS = Contract(
    dataset="counters",
    version="1.0.0",
    description="Versions that are counted, not times.",
    columns=(
        Column("name", "string", required=True),
        Column("revision", "long", required=True),
        Column("value", "int"),
    ),
    key=("name",),
    sequence_column="revision",
)

SORTED_TYPES = {
    "count": "long",
    "price": "decimal(20,4)",
    "ratio": "double",
    "day": "date",
    "at": "timestamp",
    "label": "string",
    "flag": "boolean",
}
READINGS = Contract(
    dataset="readings",
    version="1.0.0",
    description="An access pattern for each type that sorts, and one without a sort column.",
    columns=(
        Column("id", "int", required=True),
        Column("place", "string", limits=Limits(max_length=20)),
        *(
            Column(name, kind, limits=Limits(max_length=255 if kind == "string" else None))
            for name, kind in SORTED_TYPES.items()
        ),
    ),
    key=("id",),
    patterns=(
        *(AccessPattern(f"by_{name}", "place", name) for name in SORTED_TYPES),
        AccessPattern("by_place", "place"),
        AccessPattern("flagged", "flag", "at"),
    ),
)


def thing(**changed: object) -> Row:
    """A row with every column."""
    return {
        "name": "left, or 50 %",
        "day": "2026-11-24",
        "exact": Decimal("1234567890123456789012345678.0123456789"),
        "ratio": Decimal("0.1"),
        "flag": False,
        "blob": "AAH/",
        "size": {"width": 3, "unit": None},
        "tags": ["a", None, ""],
    } | changed
