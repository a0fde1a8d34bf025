"""Reads sample files whole, in bounded memory, and finds the type of each of their columns.

Imports `expectations`, `lambdas`.
"""
