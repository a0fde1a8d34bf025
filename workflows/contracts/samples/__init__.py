"""Finds the columns and types of samples, which it reads whole in bounded memory, and of described tables.

Imports `expectations`, `jobs.reading.formats`, `lambdas`.
"""
