"""The files of the demo's partner."""

from workflows.demo.partner_files import partner_files


def test_the_files_contain_all_products_and_households() -> None:
    files = partner_files("today")

    assert sum(len(file.rows) for file in files if file.dataset == "products") == 92331
    assert sum(len(file.rows) for file in files if file.dataset == "households") == 801
    assert {file.name.partition(".")[2] for file in files} == {"csv", "csv.gz", "parquet"}
    assert sum(file.broken for file in files) == 5
