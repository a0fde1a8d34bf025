"""Contract -> Spark schemas and Iceberg tables.

Only key columns are NOT NULL in tables. Checks decide for each row whether other required columns have
values, and a delete in `<dataset>_changes` has values in its key columns only.
"""

from collections.abc import Mapping

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from expectations.contract import Column, Contract, Partition
from expectations.declared import DECLARED, Declared
from expectations.spark_literals import literal

TABLE_BOOKKEEPING = StructType(
    [
        StructField("_version", LongType()),
        StructField("_tie", StringType()),
        StructField("_source", StringType()),
        StructField("_updated_at", TimestampType()),
    ]
)
CHANGES_BOOKKEEPING = StructType(
    [
        StructField("_key", StringType()),  # the key as one text (`expectations.keys`)
        StructField("_op", StringType()),
        StructField("_version", LongType()),
        StructField("_tie", StringType()),
        StructField("_source", StringType()),
        StructField("_event_id", StringType()),
        StructField("_batch_id", StringType()),
        StructField("_ingested_at", TimestampType()),
        StructField("_updated_at", TimestampType()),
        StructField("_absent", ArrayType(StringType())),  # columns without a value; null is a value
    ]
)
ITEM_BOOKKEEPING = ("_key", "_version", "_event_id", "_event_time", "_deleted", "_erased", "_expires_at")
_PROPERTIES = {
    "format-version": "2",  # Athena does not support v3 yet
    "write.format.default": "parquet",
    "write.parquet.compression-codec": "zstd",
    # A change affects few rows of a file, and writing their positions is cheaper than rewriting the file.
    "write.delete.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    "write.merge.mode": "merge-on-read",
    # Each commit writes a metadata file with all snapshots. The newest hundred of these files are kept.
    "write.metadata.delete-after-commit.enabled": "true",
}
# A merge reads the files of few partitions, mostly below 16 MB, the smallest split that Iceberg plans. If
# every file counts as that large, each has a task of its own, and not one core reads them all.
_READ_IN_PARALLEL = {"read.split.open-file-cost": str(16 << 20)}
_SCALARS: dict[str, DataType] = {
    "string": StringType(),
    "int": IntegerType(),
    "long": LongType(),
    "float": FloatType(),
    "double": DoubleType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "timestamp": TimestampType(),
    "binary": BinaryType(),
}

_SPELLED = {type(kind): name for name, kind in _SCALARS.items()}


def spark_type(column: Column) -> DataType:
    """The exact Spark type of a column."""
    if column.kind == "decimal":
        return DecimalType(*column.precision_scale)
    if column.kind == "struct":
        return StructType([StructField(field.name, spark_type(field)) for field in column.fields])
    if column.kind == "list":
        return ArrayType(spark_type(column.fields[0]))
    return _SCALARS[column.kind]


def columns_of(schema: StructType) -> tuple[Column, ...]:
    """The columns of a Spark schema with the types that contracts use: the inverse of `spark_type`."""
    return tuple(_column(field.name, field.dataType, required=not field.nullable) for field in schema)


def row_schema(contract: Contract) -> StructType:
    """The contract's columns, typed; only key columns are not nullable."""
    return StructType(
        [
            StructField(column.name, spark_type(column), nullable=column.name not in contract.key)
            for column in contract.columns
        ]
    )


def table_schema(contract: Contract) -> StructType:
    """The columns of `<dataset>`, in order."""
    return StructType([*row_schema(contract), *TABLE_BOOKKEEPING])


def changes_schema(contract: Contract) -> StructType:
    """The columns of `<dataset>_changes`, in order."""
    return StructType([*row_schema(contract), *CHANGES_BOOKKEEPING])


def table_properties(more: Mapping[str, str] | None = None) -> str:
    """`TBLPROPERTIES (…)` with the properties of all tables of the lake, and more."""
    properties = {**_PROPERTIES, **(more or {})}
    clauses = ", ".join(f"{literal(name)} = {literal(value)}" for name, value in properties.items())
    return f"TBLPROPERTIES ({clauses})"


def create_table_ddl(contract: Contract, table: str) -> str:
    """CREATE TABLE IF NOT EXISTS for `<dataset>`; `table` is its full name."""
    properties = table_properties({**_READ_IN_PARALLEL, **_declared(contract)})
    return _create_ddl(contract, table, table_schema(contract), contract.description, properties)


def create_changes_ddl(contract: Contract, table: str) -> str:
    """CREATE TABLE IF NOT EXISTS for `<dataset>_changes`.

    It is partitioned like `<dataset>`, so that Spark joins the two by bucket without shuffling either.
    """
    comment = f"Every accepted change of {contract.dataset}."
    properties = table_properties(_declared(contract))
    return _create_ddl(contract, table, changes_schema(contract), comment, properties)


def _declared(contract: Contract) -> dict[str, str]:
    return {DECLARED: Declared.of(contract).to_json()}


def _column(name: str, kind: DataType, *, required: bool = False) -> Column:
    match kind:
        case StructType():
            fields = columns_of(kind)
            inner = ", ".join(f"{field.name}: {field.type}" for field in fields)
            return Column(name, f"struct<{inner}>", required, fields)
        case ArrayType():
            element = _column("element", kind.elementType)
            return Column(name, f"list<{element.type}>", required, (element,))
    spelled = _SPELLED.get(type(kind), kind.simpleString())
    return Column(name, spelled, required)


def _create_ddl(contract: Contract, table: str, schema: StructType, comment: str, properties: str) -> str:
    descriptions = {column.name: column.description for column in contract.columns}
    columns = [
        f"`{field.name}` {field.dataType.simpleString()}"
        + ("" if field.nullable else " NOT NULL")
        + (f" COMMENT {literal(text)}" if (text := descriptions.get(field.name)) else "")
        for field in schema
    ]
    partitions = ", ".join(_partition_ddl(partition) for partition in contract.partitions)
    clauses = [
        f"CREATE TABLE IF NOT EXISTS {table} (\n  " + ",\n  ".join(columns) + "\n)",
        "USING iceberg",
        *([f"PARTITIONED BY ({partitions})"] if partitions else []),
        *([f"COMMENT {literal(comment)}"] if comment else []),
        properties,
    ]
    return "\n".join(clauses)


def _partition_ddl(partition: Partition) -> str:
    name, _, size = partition.transform.removesuffix("]").partition("[")
    column = f"`{partition.column}`"
    if name == "identity":
        return column
    return f"{name}({size}, {column})" if size else f"{name}({column})"
