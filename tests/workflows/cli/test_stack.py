"""The commands of the local stack, where none is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.cli.calling import call
from workflows.local.lifecycle import stack
from workflows.local.lifecycle.running import Stack

if TYPE_CHECKING:
    from workflows.local.lifecycle.ours import UpOptions


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [((), None), (("--mode", "continuous"), "continuous"), (("--mode", "workflow"), "workflow")],
)
def test_up_passes_the_mode_on(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], mode: str | None
) -> None:
    asked: list[str | None] = []

    def up(report: object, *, options: UpOptions, begin: object) -> Stack:
        asked.append(options.mode)
        return Stack("http://127.0.0.1:1", "us-east-1", {}, 1, "", notice="Ready.")

    monkeypatch.setattr(stack, "up", up)

    assert call("up", *arguments).exit_code == 0
    assert asked == [mode]


def test_an_unknown_mode_is_refused_with_those_that_exist() -> None:
    result = call("up", "--mode", "always")

    assert result.exit_code == 2
    assert "continuous" in result.stderr
