"""Reads the variables of a function's environment, and names all missing ones at once."""

from collections.abc import Mapping
from pathlib import Path


class ConfigurationError(
    Exception
):  # no GluelineError: authorizer and forwarder start without `expectations`
    """Raised when variables of the environment are missing or wrong; the message lists all of them."""


def required(env: Mapping[str, str], *names: str) -> list[str]:
    """The values of these variables in order, or a ConfigurationError that names all missing ones."""
    if missing := [name for name in names if not env.get(name)]:
        raise ConfigurationError(f"expected the environment variables {', '.join(missing)}: see the template")
    return [env[name] for name in names]


def contracts_path(env: Mapping[str, str]) -> Path:
    """The file of the compiled contracts: `CONTRACTS`, else beside the packages, where the build puts it."""
    return Path(env.get("CONTRACTS") or Path(__file__).parents[1] / "contracts.json")
