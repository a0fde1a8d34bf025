"""A run reads the contracts that it uses, and a contract with problems keeps no other from being used."""

from pathlib import Path

import pytest

import expectations
from expectations.odcs import ContractError, ContractsOnDemand, load_contracts


def test_the_contracts_are_those_that_all_are_read_into_at_once() -> None:
    assert ContractsOnDemand() == load_contracts()


def test_only_contracts_that_are_asked_for_are_read(tmp_path: Path) -> None:
    text = Path(*expectations.__path__, "products.yaml").read_text()
    (tmp_path / "products.yaml").write_text(text)
    (tmp_path / "broken.yaml").write_text("a: [")

    contracts = ContractsOnDemand(tmp_path)

    assert (sorted(contracts), "broken" in contracts, "other" in contracts) == (
        ["broken", "products"],
        True,
        False,
    )
    assert contracts["products"].dataset == "products"
    with pytest.raises(ContractError, match="broken"):
        contracts["broken"]
    with pytest.raises(KeyError):
        contracts["other"]


def test_a_contract_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "products.yaml"
    file.write_text(Path(*expectations.__path__, "products.yaml").read_text())
    contracts = ContractsOnDemand(tmp_path)
    first = contracts["products"]
    file.unlink()

    assert contracts["products"] is first
