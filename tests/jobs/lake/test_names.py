"""The full names of tables."""

from jobs.lake.names import TOMBSTONES, Lake


def test_a_name_has_its_catalog_and_database() -> None:
    lake = Lake("lake", "lake_ops")

    assert lake.table("products") == "glue_catalog.lake.products"
    assert lake.changes("products") == "glue_catalog.lake.products_changes"
    assert lake.ops(TOMBSTONES) == "glue_catalog.lake_ops.tombstones"
