"""The service of the API from its environment."""

from pathlib import Path

import pytest

from expectations.contract import dump_compiled
from lambdas.data_api.service import Service, Settings
from lambdas.environment import ConfigurationError
from tests.builders import contracts


def test_a_service_has_compiled_contracts_and_prefixed_tables(tmp_path: Path) -> None:
    path = tmp_path / "contracts.json"
    path.write_text(dump_compiled(contracts()), encoding="utf-8")

    service = Service.of(Settings.from_env({"CONTRACTS": str(path), "TABLE_PREFIX": "test-"}), object())

    assert service.contracts == contracts()
    assert service.checker.contracts is service.contracts
    assert service.store.table(contracts()["products"]) == "test-products"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigurationError, match="TABLE_PREFIX"):
        Settings.from_env({})
