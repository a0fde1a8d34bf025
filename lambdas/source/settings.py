"""The settings of the source, from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lambdas.environment import contracts_path, required


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses and names of the stack. The secret of the client is requested from Amazon Cognito instead."""

    contracts: Path
    data_api_url: str
    token_url: str
    user_pool_id: str
    client_id: str
    dead_letter_queue_url: str
    alert_topic_arn: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """The settings, or a ConfigurationError that names all missing variables."""
        return cls(
            contracts_path(env),
            *required(
                env,
                "DATA_API_URL",
                "TOKEN_URL",
                "USER_POOL_ID",
                "CLIENT_ID",
                "DEAD_LETTER_QUEUE_URL",
                "ALERT_TOPIC_ARN",
            ),
        )
