from dataclasses import replace
from pathlib import Path

from expectations.contract import dump_compiled
from expectations.existing_table import ExistingTable
from lambdas.forwarder.existing_tables import datasets_of_tables
from tests.builders import contracts


def test_only_existing_tables_are_named_and_without_importing_contracts(tmp_path: Path) -> None:
    compiled = tmp_path / "contracts.json"
    table = ExistingTable("Shop", (("Id", "N"),), (("product_id", "Id"),))
    known = contracts() | {"products": replace(contracts()["products"], table=table)}
    compiled.write_text(dump_compiled(known))

    assert datasets_of_tables(compiled) == {"Shop": "products"}
