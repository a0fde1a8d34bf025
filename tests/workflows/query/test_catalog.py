"""Tables of the lake's catalog."""

from typing import Any

import pytest

from tests.workflows.query.tables import Lake
from workflows.query.catalog import load_table
from workflows.query.dialect.errors import QueryError


def test_the_error_for_a_missing_table_names_the_tables_of_the_database() -> None:
    catalog: Any = Lake()

    assert load_table(catalog, "lake", "sales") is catalog.tables["lake", "sales"]
    with pytest.raises(QueryError, match=r"No table lake\.refunds\. Tables in lake: sales\."):
        load_table(catalog, "lake", "refunds")
    with pytest.raises(QueryError, match="Tables in nowhere: none yet"):
        load_table(catalog, "nowhere", "sales")
