"""The sample data of the demo."""

from workflows.demo.sample_data import sample_table


def test_the_sample_has_a_year_of_baskets_and_their_products() -> None:
    assert sample_table("transactions").num_rows == 1469307
    assert sample_table("products").num_rows == 92331
