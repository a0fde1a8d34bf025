"""The local Glue: its API, and its workflows, triggers and job runs as a state machine.

Imports nothing of ours.
"""
