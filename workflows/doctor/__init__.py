"""Checks a stack that runs, on this machine or on AWS: what is wrong with it, and what to do.

Imports `expectations`, `lambdas`, `workflows.deploy`, `workflows.operations`, `workflows.progress`,
`workflows.query`, `workflows.query.dialect`, `workflows.stack`.
"""
