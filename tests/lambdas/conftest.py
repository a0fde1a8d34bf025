"""The environment of the functions in tests: names for Powertools, and credentials without access."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lambdas.loopback import Loopback, serve

EVENTS = Path(__file__).parents[1] / "events"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "test")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Glueline")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def event_named() -> Callable[[str], Any]:
    """Loads a real sample event by its name in tests/events."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A real HTTP server on this host. `routes` has its answers, `requests` the requests it received."""
    with serve() as server:
        yield server
