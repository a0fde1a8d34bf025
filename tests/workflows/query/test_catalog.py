"""Tables of the lake's catalog."""

from typing import Any

import pyarrow as pa
import pytest

from tests.workflows.query.tables import Lake
from workflows.query.catalog import lake_catalog, load_table
from workflows.query.dialect.errors import QueryError
from workflows.stack.target import Target


def test_the_error_for_a_missing_table_names_the_tables_of_the_database() -> None:
    catalog: Any = Lake()

    assert load_table(catalog, "lake", "sales") is catalog.tables["lake", "sales"]
    with pytest.raises(QueryError, match=r"No table lake\.refunds\. Tables in lake: sales\."):
        load_table(catalog, "lake", "refunds")
    with pytest.raises(QueryError, match="Tables in nowhere: none yet"):
        load_table(catalog, "nowhere", "sales")


def test_a_table_whose_database_was_deleted_is_registered_again(embedded_aws: str) -> None:
    """What docs/operations.md says to do: Iceberg's files are complete without the catalog."""
    target = Target("us-east-1", {}, embedded_aws)
    glue, s3 = target.client("glue"), target.client("s3")
    database = {"Name": "kept_lake", "LocationUri": "s3://kept-lake/warehouse/lake"}
    s3.create_bucket(Bucket="kept-lake")
    glue.create_database(DatabaseInput=database)
    rows = pa.table({"id": [1, 2]})
    for _ in range(2):
        table = lake_catalog(target).create_table_if_not_exists("kept_lake.products", rows.schema)
        table.append(rows)

    glue.delete_database(Name="kept_lake")
    glue.create_database(DatabaseInput=database)
    listed = s3.list_objects_v2(Bucket="kept-lake", Prefix="warehouse/lake/products/metadata/")["Contents"]
    newest = max(one["Key"] for one in listed if one["Key"].endswith(".metadata.json"))
    again = lake_catalog(target).register_table("kept_lake.products", f"s3://kept-lake/{newest}")

    assert sorted(again.scan().to_arrow()["id"].to_pylist()) == [1, 1, 2, 2]
