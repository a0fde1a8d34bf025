"""The Python client that openapi-python-client makes of the served description, as docs/api.md shows it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from lambdas.data_api import app
from lambdas.exact_json import dumps, loads
from tests.builders import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tests.lambdas.data_api.conftest import Call

ROOT = Path(__file__).parents[3]
UV = os.environ.get("UV") or str(ROOT / ".local" / "tools" / "bin" / "uv")
SYNC = ("sync", "--frozen", "--quiet", "--only-group", "client", "--no-install-project")


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generator, in an environment of its own; without uv or its packages there is none."""
    environment = tmp_path_factory.mktemp("client-env")
    try:
        subprocess.run(
            [UV, *SYNC],
            cwd=ROOT,
            env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"openapi-python-client can't be installed here: {error}")
    return environment / "bin" / "openapi-python-client"


@pytest.fixture
def generated(
    generator: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ModuleType]:
    """The generated package, made of the document that the API serves."""
    app._openapi.cache_clear()
    (tmp_path / "openapi.json").write_text(call("GET", "/openapi.json").text)
    app._openapi.cache_clear()
    command = [
        str(generator),
        "generate",
        "--path",
        "openapi.json",
        "--output-path",
        "baskets",
        "--meta",
        "none",
    ]
    made = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "WARNING" not in made.stdout + made.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("baskets")
    for name in [name for name in sys.modules if name.partition(".")[0] == "baskets"]:
        del sys.modules[name]


def gateway(call: Call) -> httpx.MockTransport:
    """Passes requests to the function as API Gateway does: a repeated parameter becomes one with commas."""

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer a-token"
        query = {name: ",".join(request.url.params.get_list(name)) for name in request.url.params}
        body = loads(request.content.decode()) if request.content else None
        answer = call(request.method, request.url.path, body, query=query or None)
        return httpx.Response(
            answer.status, headers={"content-type": answer.headers["content-type"]}, text=answer.text
        )

    return httpx.MockTransport(handle)


def test_the_generated_client_writes_and_asks(generated: ModuleType, call: Call) -> None:
    def operation(name: str) -> Any:
        return importlib.import_module(f"baskets.api.transactions.{name}_transactions")

    models: Any = importlib.import_module("baskets.models")
    api = generated.AuthenticatedClient(
        "https://api.example",
        token="a-token",  # noqa: S106 -- of no issuer
        httpx_args={"transport": gateway(call)},
    )
    lines = [transaction(basket_id=basket, household_id=42) for basket in (1, 2, 3)]
    for line in lines:
        row = models.TransactionsUpsert.from_dict(httpx.Response(200, text=dumps(line)).json())
        assert operation("create").sync_detailed(client=api, body=row).status_code == 201

    fields = [models.ListTransactionsFieldsItem.BASKET_ID, models.ListTransactionsFieldsItem.WEEK]
    first = operation("list").sync(client=api, household_id="42", limit=2, fields=fields)
    second = operation("list").sync(client=api, household_id="42", limit=2, next_=first.next_)
    refused = operation("list").sync(client=api, transaction_timestamp="ge:2026-11-01")

    assert [row.to_dict() for row in first.items] == [{"basket_id": basket, "week": 1} for basket in (1, 2)]
    assert [row.basket_id for row in second.items] == [3]
    assert (type(refused).__name__, refused.status) == ("Problem", 400)
