"""What any job needs of the platform: options, log lines, metrics, and the words for a failure.

Imports nothing of ours.
"""
