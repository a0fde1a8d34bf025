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

    variables = {"TABLE_PREFIX": "test-", "RAW_BUCKET": "raw", "RAW_RETENTION_DAYS": "30"}
    settings = Settings.from_env({"CONTRACTS": str(path), **variables})
    service = Service.of(settings, object())

    assert (settings.raw_bucket, settings.raw_retention_days) == ("raw", 30)
    assert service.contracts == contracts()
    assert service.checker.contracts is service.contracts
    assert service.store.table(contracts()["products"]) == "test-products"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigurationError, match="TABLE_PREFIX, RAW_BUCKET, RAW_RETENTION_DAYS"):
        Settings.from_env({})
