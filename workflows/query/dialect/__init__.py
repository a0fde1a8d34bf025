"""Rewrites a SELECT of Athena into one that DuckDB answers alike, or refuses it by name.

Imports `expectations`, `expectations.sql`.
"""
