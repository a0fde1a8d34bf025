"""Sends messages of the inbound queue to the Data API, or to the dead-letter queue with all reasons.

Imports `expectations`, `lambdas`, `lambdas.source.capture`.
"""
