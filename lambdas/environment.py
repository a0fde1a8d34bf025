"""What the functions read from their environment, with every problem named at once."""

from collections.abc import Mapping
from pathlib import Path


class ConfigurationError(Exception):
    """Raised when the environment does not configure the function; the message lists every problem."""


def required(env: Mapping[str, str], *names: str) -> list[str]:
    """The values of these variables in order, or a ConfigurationError naming all that are missing."""
    if missing := [name for name in names if not env.get(name)]:
        raise ConfigurationError(f"expected the environment variables {', '.join(missing)}: see the template")
    return [env[name] for name in names]


def contracts_path(env: Mapping[str, str]) -> Path:
    """Where the compiled contracts are: `CONTRACTS`, else beside the packages, where the build puts them."""
    return Path(env.get("CONTRACTS") or Path(__file__).parents[1] / "contracts.json")
