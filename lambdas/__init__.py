"""The Lambda functions, a folder for each, and the modules that they share.

Imports `expectations`.
"""
