"""Verifies the bearer token of a request and decides what it may do.

Imports `lambdas`.
"""
