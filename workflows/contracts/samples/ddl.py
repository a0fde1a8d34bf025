"""Columns of a table from its CREATE TABLE statement, and of a table of the Glue catalog."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from workflows.contracts.samples.facts import DraftError, SampleColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlglot import exp

_DIALECTS: Final = ("postgres", "mysql", "tsql", "hive", "oracle", "bigquery")
_MAX_PRECISION: Final = 38
_USUAL_DECIMAL: Final = "decimal(38,9)"  # of NUMERIC without precision, which databases leave open
# Types of SQL, as sqlglot names them -> Iceberg type
_TYPES: Final = {
    "BOOLEAN": "boolean",
    "BIT": "boolean",
    **dict.fromkeys(("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "UTINYINT", "USMALLINT"), "int"),
    **dict.fromkeys(("BIGINT", "UINT", "UMEDIUMINT", "SERIAL", "BIGSERIAL", "SMALLSERIAL", "YEAR"), "long"),
    "UBIGINT": "decimal(20,0)",
    "MONEY": "decimal(19,4)",
    "SMALLMONEY": "decimal(10,4)",
    "FLOAT": "double",  # of 32 bits in one database, of 64 in the next
    "DOUBLE": "double",
    "DATE": "date",
    "DATE32": "date",
    **dict.fromkeys(
        (
            "TIMESTAMP",
            "TIMESTAMPTZ",
            "TIMESTAMPLTZ",
            "TIMESTAMPNTZ",
            "DATETIME",
            "DATETIME2",
            "SMALLDATETIME",
        ),
        "timestamp",
    ),
    **dict.fromkeys(("CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "TEXT", "TINYTEXT", "MEDIUMTEXT"), "string"),
    **dict.fromkeys(
        ("LONGTEXT", "NAME", "UUID", "JSON", "JSONB", "ENUM", "TIME", "TIMETZ", "INET"), "string"
    ),
    **dict.fromkeys(("BINARY", "VARBINARY", "BLOB", "TINYBLOB", "MEDIUMBLOB", "LONGBLOB"), "binary"),
}


def columns_of_ddl(
    text: str, table: str, source: str, dialects: Sequence[str] = _DIALECTS
) -> tuple[tuple[SampleColumn, ...], tuple[str, ...]]:
    """The columns of a CREATE TABLE statement, and those of its primary key.

    Of several statements, that of the table with this name counts. Raises DraftError.
    """
    from sqlglot import exp

    creates = _creates(text, source, dialects)
    named = [create for create in creates if create.find(exp.Table).name.lower() == table.lower()]
    found = named or creates
    if len(found) > 1:
        names = ", ".join(create.find(exp.Table).name for create in creates)
        raise DraftError(
            f"Expected one CREATE TABLE in {source}, or one of {table}, got those of {names}; name the "
            "dataset like its table, or keep one of them."
        )
    definitions = [one for one in found[0].this.expressions if isinstance(one, exp.ColumnDef)]
    key = [name.name for one in found[0].find_all(exp.PrimaryKey) for name in one.expressions]
    key += [one.name for one in definitions if _has(one, exp.PrimaryKeyColumnConstraint)]
    return tuple(_column(one, one.name in key) for one in definitions), tuple(dict.fromkeys(key))


def columns_of_glue(table: Mapping[str, Any]) -> tuple[SampleColumn, ...]:
    """The columns of a table, Iceberg or other, as Glue's `GetTable` describes it. Raises DraftError.

    Columns whose names begin with an underscore are those of a lake, not of the data.
    """
    described = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", ())]
    columns = [
        (column["Name"], column["Type"], column.get("Parameters", {}))
        for column in described
        if not column["Name"].startswith("_")
        and column.get("Parameters", {}).get("iceberg.field.current") != "false"
    ]
    names = ", ".join(f"`{name}` {kind}" for name, kind, _ in columns)
    found, _ = columns_of_ddl(f"CREATE TABLE t ({names})", "t", table["Name"], ("hive",))
    return tuple(
        replace(column, required=parameters.get("iceberg.field.optional") == "false")
        for column, (_, _, parameters) in zip(found, columns, strict=True)
    )


def _creates(text: str, source: str, dialects: Sequence[str]) -> list[Any]:
    """The CREATE TABLE statements, read by the first dialect that understands them."""
    import sqlglot
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement that it does not know
    problem = "no CREATE TABLE with columns"
    for dialect in dialects:
        try:
            statements = sqlglot.parse(text, dialect=dialect)
        except sqlglot.errors.SqlglotError as error:
            problem = str(error).splitlines()[0]
            continue
        creates = [
            one for one in statements if isinstance(one, exp.Create) and isinstance(one.this, exp.Schema)
        ]
        if creates:
            return creates
    raise DraftError(f"{source} can't be read as SQL: {problem}; write a CREATE TABLE statement.")


def _has(definition: exp.ColumnDef, constraint: type[Any]) -> bool:
    return any(isinstance(one.kind, constraint) for one in definition.constraints)


def _column(definition: exp.ColumnDef, is_key: bool) -> SampleColumn:
    from sqlglot import exp

    constraints = [one.kind for one in definition.constraints]
    not_null = [one for one in constraints if isinstance(one, exp.NotNullColumnConstraint)]
    kind = definition.args.get("kind")
    if not isinstance(kind, exp.DataType):
        raise DraftError(f"Expected a type of {definition.name}, got none; write one.")
    # A constraint NULL is one of NOT NULL that allows null.
    is_required = is_key or any(not one.args.get("allow_null") for one in not_null)
    return replace(_typed(definition.name, kind), required=is_required)


def _typed(name: str, kind: exp.DataType) -> SampleColumn:
    from sqlglot import exp

    sql = kind.this.value
    if sql == "STRUCT":
        return SampleColumn(name, "struct", required=False, fields=tuple(_fields(kind)))
    if sql in ("ARRAY", "LIST") and kind.expressions:
        element = _typed("element", kind.expressions[0])
        return SampleColumn(name, "list", required=False, fields=(element,))
    if sql == "DECIMAL":
        sizes = [int(one.name) for one in kind.expressions if isinstance(one, exp.DataTypeParam)]
        precision, scale = (*sizes, 0)[:2] if sizes else (0, 0)
        if precision > _MAX_PRECISION:
            raise DraftError(
                f"Expected at most {_MAX_PRECISION} digits of {name}, got {kind.sql()}; write fewer."
            )
        note = f"{name}: {_USUAL_DECIMAL}, as its type names no precision."
        return (
            SampleColumn(name, f"decimal({precision},{scale})", required=False)
            if sizes
            else SampleColumn(name, _USUAL_DECIMAL, required=False, notes=(note,))
        )
    if sql in _TYPES:
        return SampleColumn(name, _TYPES[sql], required=False)
    raise DraftError(
        f"Expected a type that a contract has for {name}, got {kind.sql()}; write another, such as varchar."
    )


def _fields(kind: exp.DataType) -> Iterator[SampleColumn]:
    for one in kind.expressions:
        yield _typed(one.name, one.args["kind"])
