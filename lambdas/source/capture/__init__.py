"""Reads the messages of tools that capture the changes of databases: Debezium and AWS DMS.

Imports `expectations`, `lambdas`.
"""
