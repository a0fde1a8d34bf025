"""A copy of the checkout, for tests to edit and deploy."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from workflows.local.base.home import CHECKOUT, DEFAULT, Home
from workflows.local.lifecycle.ours import our_deployment
from workflows.local.lifecycle.stack import up

if TYPE_CHECKING:
    from pathlib import Path

    from workflows.local.lifecycle.running import Stack

COPIED: Final = ("lambdas", "expectations", "jobs", "workflows")


class Checkout:
    """A copy of the checkout, for the test to edit, that is deployed to the running stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(DEFAULT.folder, checkout=folder)
        for name in COPIED:
            ignored = shutil.ignore_patterns("__pycache__", ".aws-sam")
            shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
        for name in ("pyproject.toml", "uv.lock", ".python-version"):
            shutil.copy(CHECKOUT / name, folder)
        for name in (".venv", ".local"):
            (folder / name).symlink_to(CHECKOUT / name)

    def contract(self, dataset: str) -> Path:
        """The file of a dataset's contract."""
        return self.folder / "expectations" / f"{dataset}.yaml"

    def deploy(self) -> Stack:
        return up(print, self.home, our_deployment(self.home))
