"""Access to the private names of the pinned MiniStack, checked when the emulator starts."""

from types import ModuleType
from typing import Any


def require(module: ModuleType, name: str) -> Any:
    """An attribute of a MiniStack module; exits with what to do if the installed version has no such name."""
    if not hasattr(module, name):
        raise SystemExit(
            f"{module.__name__} has no {name}: this is not the pinned version of MiniStack. "
            "Set the emulator's environment up again: make setup"
        )
    return getattr(module, name)
