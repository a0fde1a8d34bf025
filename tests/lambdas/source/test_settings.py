"""The settings of the source from its environment."""

from pathlib import Path

import pytest

from lambdas.environment import ConfigurationError
from lambdas.source.settings import Settings

NAMES = (
    "DATA_API_URL",
    "TOKEN_URL",
    "USER_POOL_ID",
    "CLIENT_ID",
    "DEAD_LETTER_QUEUE_URL",
    "ALERT_TOPIC_ARN",
)


def test_every_variable_is_a_field() -> None:
    settings = Settings.from_env({name: name.lower() for name in NAMES} | {"CONTRACTS": "/contracts.json"})

    assert settings.contracts == Path("/contracts.json")
    assert [getattr(settings, name.lower()) for name in NAMES] == [name.lower() for name in NAMES]


def test_all_missing_variables_are_named() -> None:
    with pytest.raises(ConfigurationError) as error:
        Settings.from_env({"CLIENT_ID": "client"})

    assert all(name in str(error.value) for name in NAMES if name != "CLIENT_ID")
