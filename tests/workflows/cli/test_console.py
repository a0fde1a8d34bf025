"""The command console: what it prints before it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.cli.calling import call
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "http://127.0.0.1:4620/?token=abc"


@pytest.mark.parametrize("is_on_aws", [False, True])
def test_it_prints_its_address_and_opens_it_if_asked(
    is_on_aws: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target("eu-west-1", {}, None if is_on_aws else "http://127.0.0.1:1", "shop", "1")
    served: list[tuple[Target, int | None]] = []
    browser: list[str] = []

    def serve(target: Target, port: int | None, opened: Callable[[str], None]) -> None:
        served.append((target, port))
        opened(ADDRESS)

    monkeypatch.setattr("workflows.stack.target.connect", lambda name: target)
    monkeypatch.setattr("workflows.console.server.serve", serve)
    monkeypatch.setattr("webbrowser.open", browser.append)

    quiet, loud = call("console"), call("console", "--open", "--port", "4999")

    assert quiet.exit_code == loud.exit_code == 0
    assert ADDRESS in quiet.stdout
    assert ("On AWS: stack shop, account 1, region eu-west-1" in quiet.stderr) is is_on_aws
    assert served == [(target, None), (target, 4999)]
    assert browser == [ADDRESS]
