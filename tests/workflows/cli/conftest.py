"""What commands show of their work."""

from __future__ import annotations

import pytest

from workflows.cli import durations
from workflows.cli.showing import Showing, Step


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The steps that commands show from now on, in their order; those that find the stack are left out."""
    shown: list[Step] = []
    show = Showing.__call__

    def record(self: Showing, step: Step | str) -> None:
        one = Step(step) if isinstance(step, str) else step
        if one.name != "asking for the stack":
            shown.append(one)
        show(self, step)

    monkeypatch.setattr(Showing, "__call__", record)
    return shown


@pytest.fixture
def estimates(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names under which commands look for the seconds of their last run."""
    names: list[str] = []

    def remembered(name: str) -> dict[str, float]:
        if " connect" not in name:
            names.append(name)
        return {}

    monkeypatch.setattr(durations, "remembered", remembered)
    return names
