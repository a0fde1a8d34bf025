"""The commands of the local stack, where none is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workflows.cli.calling import call
from workflows.local.lifecycle import stack

if TYPE_CHECKING:
    import pytest


def test_status_fails_while_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "status", _Stopped)

    result = call("status")

    assert (result.exit_code, result.stdout) == (1, "Nothing runs.\n")


class _Stopped:
    running = False

    def render(self) -> str:
        return "Nothing runs."
