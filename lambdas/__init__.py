"""The Lambda functions, a folder for each, and what they share.

Imports `expectations`.
"""
