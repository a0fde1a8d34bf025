"""Names of datasets in the template's parameter."""

import pytest

from workflows.dataset_parameter import dataset_parameter


@pytest.mark.parametrize(
    ("datasets", "parameter"),
    [
        ([], ""),
        (["transactions", "products"], "products,transactions"),
        (["order_lines", "a_b_c"], "aXbXc,orderXlines"),
    ],
)
def test_datasets_become_names_that_a_logical_id_may_contain(datasets: list[str], parameter: str) -> None:
    assert dataset_parameter(datasets) == parameter
