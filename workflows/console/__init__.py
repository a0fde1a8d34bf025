"""The console: web pages on this machine that show what Glueline knows, and act as the command line does.

`server` makes the application of `security`, the endpoints and the templates; `readings` asks the stack; the
room `views` turns what it answers into what a page shows.

Imports `expectations`, `jobs.intake`, `lambdas.data_api`, `workflows.analysts`, `workflows.console.views`,
`workflows.local.base`, `workflows.operations`, `workflows.progress`, `workflows.query`,
`workflows.query.dialect`, `workflows.stack`.
"""
