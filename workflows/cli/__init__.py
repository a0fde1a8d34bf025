"""The command line: one module for each family of commands; what they do is in the modules they call."""

from workflows.cli import stack, flow, questions, proofs, exports, dead_ends, batches, erasing, contracts  # noqa: I001, F401 -- in the order of help
from workflows.cli.app import app, contract_app

__all__ = ["app"]

app.add_typer(contract_app, name="contract")
