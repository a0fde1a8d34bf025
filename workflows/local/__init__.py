"""The local runtime: the rooms below run the template on this machine.

Imports nothing of ours.
"""
