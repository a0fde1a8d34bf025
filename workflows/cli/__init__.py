"""The command line: one module for each family of commands, which call the rooms that do the work.

Imports `expectations`, `expectations.odcs`, `workflows.analysts`, `workflows.console`,
`workflows.console.views`, `workflows.contracts`, `workflows.demo`, `workflows.deploy`, `workflows.doctor`,
`workflows.exports`, `workflows.local.base`, `workflows.local.lifecycle`,
`workflows.local.ministack`, `workflows.operations`, `workflows.progress`, `workflows.query`,
`workflows.stack`.
"""

# In the order of the help.
from workflows.cli import stack, status, deploy, doctor, run, send, query, parity, exports, recovery  # noqa: I001, F401
from workflows.cli import batches, erase, contracts, console, analysts  # noqa: F401
from workflows.cli.app import app, bi_app, contract_app, export_app

__all__ = ["app"]

app.add_typer(contract_app, name="contract")
app.add_typer(export_app, name="export")
app.add_typer(bi_app, name="bi")
