"""Contracts, and all that follows from one: JSON Schema, alignment, OpenAPI, Spark schema and DDL, Great
Expectations suite.

Imports nothing of ours.
"""
