"""Writes the records of the DynamoDB streams to the RAW bucket.

Imports `expectations`, `lambdas`.
"""
