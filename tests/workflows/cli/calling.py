"""Calls the command line in this process."""

from __future__ import annotations

import os

from typer.testing import CliRunner, Result

from workflows.cli import app


def call(*arguments: str, given: str | None = None) -> Result:
    """What a command prints, and its exit code; lines are wide, so that no word is broken.

    A command may change the environment (`act_locally`); it is restored afterwards.
    """
    before = dict(os.environ)
    try:
        return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"}, input=given)
    finally:
        os.environ.clear()
        os.environ.update(before)
