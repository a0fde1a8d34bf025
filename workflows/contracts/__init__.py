"""Checks contracts in every engine that runs them, drafts new ones, compares them with live tables.

Imports `expectations`, `expectations.odcs`, `jobs.intake`, `jobs.reading.formats`, `lambdas`,
`lambdas.source`, `lambdas.source.capture`, `workflows`, `workflows.contracts.samples`, `workflows.query`,
`workflows.stack`.
"""
