"""The full names of tables."""

from jobs.lake.names import TOMBSTONES, Lake


def test_a_name_has_its_catalog_and_database() -> None:
    lake = Lake("lake", "lake_ops")

    assert lake.table("products") == "glue_catalog.lake.products"
    assert lake.changes("products") == "glue_catalog.lake.products_changes"
    assert lake.ops(TOMBSTONES) == "glue_catalog.lake_ops.tombstones"


def test_the_tables_of_datasets_are_their_own_and_the_shared_ones() -> None:
    tables = Lake("lake", "lake_ops").of_datasets(["products", "sales"])

    assert [table.removeprefix("glue_catalog.") for table in tables] == [
        "lake.products", "lake.products_changes", "lake.sales", "lake.sales_changes",
        "lake_ops.quarantine", "lake_ops.batches", "lake_ops.quality_results", "lake_ops.tombstones",
    ]  # fmt: skip
