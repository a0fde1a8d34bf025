"""The settings, contracts and tables of the API, created once for each process of the Lambda."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from expectations.contract import Contract, load_compiled
from lambdas.data_api.changes import Checker
from lambdas.data_api.store import Store
from lambdas.environment import contracts_path, required
from lambdas.validation import Validators


@dataclass(frozen=True, slots=True)
class Settings:
    """Where contracts and captured changes are, for how long, and the prefix of the tables' names."""

    contracts: Path
    table_prefix: str
    raw_bucket: str
    raw_retention_days: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings, or a ConfigurationError that names all missing variables."""
        prefix, bucket, days = required(env, "TABLE_PREFIX", "RAW_BUCKET", "RAW_RETENTION_DAYS")
        return cls(contracts_path(env), prefix, bucket, int(days))


@dataclass(frozen=True, slots=True)
class Service:
    """The contracts, the checker of changes, and the store of the tables."""

    contracts: Mapping[str, Contract]
    checker: Checker
    store: Store

    @classmethod
    def of(cls, settings: Settings, dynamodb: Any) -> Self:
        """The service. Validators are built later, as most processes need those of few datasets."""
        contracts = load_compiled(settings.contracts)
        checker = Checker(contracts, Validators(contracts))
        return cls(contracts, checker, Store(dynamodb, settings.table_prefix))
