"""What every job needs of the platform: options, log lines, metrics, and the classification of errors.

Imports `expectations`.
"""
