from pathlib import Path

import pytest

import lambdas
from lambdas.environment import ConfigurationError, contracts_path, required


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match="variables B, C"):
        required({"A": "a", "B": ""}, "A", "B", "C")


def test_contracts_are_at_the_variables_path_or_beside_the_packages() -> None:
    beside = Path(lambdas.__file__).parents[1] / "contracts.json"

    assert contracts_path({"CONTRACTS": "/elsewhere.json"}) == Path("/elsewhere.json")
    assert contracts_path({}) == beside
