"""Great Expectations over parsed rows: rules, their results, and the Data Docs.

Imports `expectations`, `jobs.changes`.
"""
