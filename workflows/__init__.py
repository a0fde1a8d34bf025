"""The SAM template, its deployment, the local runtime, and the command line.

Imports `expectations`, `expectations.odcs`, `workflows.contracts`, `workflows.packages`, `workflows.stack`.
"""
