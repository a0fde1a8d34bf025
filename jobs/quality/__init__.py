"""Great Expectations on parsed rows: the rules of a contract, their results, and the Data Docs.

Imports `expectations`, `jobs.changes`.
"""
