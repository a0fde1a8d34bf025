"""The SAM template, its deployment, the local runtime, and the command line.

Imports nothing of ours.
"""
