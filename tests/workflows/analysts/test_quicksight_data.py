"""The data sets of QuickSight: their queries on a few rows."""

from tests.workflows.analysts.lake import lake_of_sales
from workflows.analysts.dashboards import dashboards
from workflows.analysts.datasets import load_datasets
from workflows.analysts.quicksight_data import data_set, refresh, select
from workflows.query.local_engine import query_here


def test_a_data_set_has_the_columns_that_its_query_gives() -> None:
    datasets = load_datasets()
    for dataset, board in zip(datasets, dashboards(datasets, "lake"), strict=True):
        sql, columns = select(dataset, board, "lake")

        found = query_here(lake_of_sales(), sql, "lake")[0]

        assert found.column_names == [column["Name"] for column in columns]
        assert found.num_rows == len(lake_of_sales().tables["lake", dataset.name].data)


def test_no_restricted_column_is_in_a_data_set() -> None:
    datasets = load_datasets()
    for dataset, board in zip(datasets, dashboards(datasets, "lake"), strict=True):
        table = data_set(dataset, board)["Properties"]["PhysicalTableMap"]["rows"]["CustomSql"]
        assert "household_id" not in [column["Name"] for column in table["Columns"]]


def test_copies_are_refreshed_and_queries_are_not() -> None:
    (board, *_) = dashboards(load_datasets(), "lake")

    assert refresh("Households", board)["Condition"] == "IsSpice"
    assert data_set(load_datasets()[0], board)["Properties"]["ImportMode"] == {"Ref": "ImportMode"}
