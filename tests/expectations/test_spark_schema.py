from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from chispa import assert_df_equality
from hypothesis import given
from pyspark.sql.types import (
    DataType,
    StructType,
)

from expectations.contract import Column, Contract, Partition
from expectations.spark_schema import (
    changes_schema,
    columns_of,
    create_changes_ddl,
    create_table_ddl,
    row_schema,
    spark_type,
    table_schema,
)
from tests import builders
from tests.expectations.strategies import contracts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SIZE = Column("size", "struct<in_cm: decimal(4,1)>", fields=(Column("in_cm", "decimal(4,1)"),))
TAGS = Column("tags", "list<string>", fields=(Column("element", "string"),))
SHIRTS = Contract(
    "shirts",
    "1",
    "Shirts of today's collection.",
    (
        Column("shirt_id", "string", required=True, description="It's the key."),
        SIZE,
        TAGS,
        Column("day", "date"),
    ),
    ("shirt_id",),
    (Partition("day", "identity"), Partition("shirt_id", "bucket[4]")),
)


@given(contracts())
def test_the_columns_of_a_schema_have_the_types_of_the_contract(contract: Contract) -> None:
    spelled = [(column.name, column.type, column.kind) for column in contract.columns]

    found = columns_of(row_schema(contract))

    assert [(column.name, column.type, column.kind) for column in found] == spelled
    assert [len(column.fields) for column in found] == [len(column.fields) for column in contract.columns]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("string", "string"),
        ("int", "int"),
        ("long", "bigint"),
        ("float", "float"),
        ("double", "double"),
        ("boolean", "boolean"),
        ("date", "date"),
        ("timestamp", "timestamp"),
        ("binary", "binary"),
        ("decimal(38,10)", "decimal(38,10)"),
    ],
)
def test_each_type_has_its_spark_type(kind: str, text: str) -> None:
    assert spark_type(Column("c", kind)).simpleString() == text


def test_structs_and_lists_keep_their_shape() -> None:
    assert spark_type(SIZE).simpleString() == "struct<in_cm:decimal(4,1)>"
    assert spark_type(TAGS).simpleString() == "array<string>"


def test_only_the_key_is_never_null() -> None:
    schema = row_schema(builders.contracts()["transactions"])

    assert [field.name for field in schema if not field.nullable] == ["basket_id", "product_id"]


def test_tables_have_the_contracts_columns_and_bookkeeping_columns() -> None:
    contract = builders.contracts()["products"]
    columns = [column.name for column in contract.columns]

    assert table_schema(contract).names == [*columns, "_version", "_tie", "_source", "_updated_at"]
    assert changes_schema(contract).names == [
        *columns,
        *("_key", "_op", "_version", "_tie", "_source", "_event_id", "_batch_id", "_ingested_at"),
        "_updated_at",
        "_absent",
    ]


def test_a_table_is_created_by_one_complete_statement() -> None:
    assert create_table_ddl(SHIRTS, "glue_catalog.lake.shirts") == (
        "CREATE TABLE IF NOT EXISTS glue_catalog.lake.shirts (\n"
        "  `shirt_id` string NOT NULL COMMENT 'It\\'s the key.',\n"
        "  `size` struct<in_cm:decimal(4,1)>,\n"
        "  `tags` array<string>,\n"
        "  `day` date,\n"
        "  `_version` bigint,\n"
        "  `_tie` string,\n"
        "  `_source` string,\n"
        "  `_updated_at` timestamp\n"
        ")\n"
        "USING iceberg\n"
        "PARTITIONED BY (`day`, bucket(4, `shirt_id`))\n"
        "COMMENT 'Shirts of today\\'s collection.'\n"
        "TBLPROPERTIES ('format-version' = '2', 'write.format.default' = 'parquet', "
        "'write.parquet.compression-codec' = 'zstd', 'write.delete.mode' = 'merge-on-read', "
        "'write.update.mode' = 'merge-on-read', 'write.merge.mode' = 'merge-on-read', "
        "'write.metadata.delete-after-commit.enabled' = 'true', 'read.split.open-file-cost' = '16777216', "
        '\'glueline.contract\' = \'\\u007b"sequenceColumn": null, "required": ["shirt_id"], '
        '"aliases": \\u007b\\u007d\\u007d\')'
    )


@pytest.mark.spark
@pytest.mark.parametrize(
    ("contract", "partitions"),
    [
        (SHIRTS, ["day", "bucket(4, shirt_id)"]),
        (builders.contracts()["transactions"], ["days(transaction_timestamp)"]),
        (builders.contracts()["products"], ["bucket(8, product_id)"]),
        (builders.contracts()["households"], ["bucket(4, household_id)"]),
    ],
    ids=lambda value: getattr(value, "dataset", ""),
)
def test_iceberg_creates_the_tables_as_described(
    spark: "SparkSession", contract: Contract, partitions: list[str]
) -> None:
    current = f"glue_catalog.schema_tests.{contract.dataset}"
    changes = f"{current}_changes"

    for _ in range(2):  # the second time, the tables exist
        spark.sql(create_table_ddl(contract, current))
        spark.sql(create_changes_ddl(contract, changes))

    for table, schema in ((current, table_schema(contract)), (changes, changes_schema(contract))):
        assert shape(spark.table(table).schema) == shape(schema)
        described = {row["col_name"]: row["data_type"] for row in spark.sql(f"DESCRIBE {table}").collect()}
        assert [described[f"Part {index}"] for index in range(len(partitions))] == partitions
        spark.sql(f"DROP TABLE {table}")


def shape(schema: StructType) -> list[tuple[str, DataType, bool]]:
    """The parts of a schema that have to be equal: without comments."""
    return [(field.name, field.dataType, field.nullable) for field in schema]


@pytest.mark.spark
def test_a_row_is_read_from_a_table_as_it_was_written(spark: "SparkSession") -> None:
    table = "glue_catalog.schema_tests.roundtrip"
    spark.sql(create_table_ddl(SHIRTS, table))
    row = ("a", (Decimal("40.5"),), ["new"], None, 1, "t", "drop", datetime(2026, 1, 1, tzinfo=UTC))
    rows = spark.createDataFrame([row], table_schema(SHIRTS))

    rows.writeTo(table).append()

    assert_df_equality(spark.table(table), rows, ignore_nullable=True, ignore_metadata=True)
    spark.sql(f"DROP TABLE {table}")
