"""`python -m workflows.cli`."""

from workflows.cli import app

app()
