"""The folders of the local stack, and what it needs of this machine: a JDK, the jars, an environment.

Imports `expectations`.
"""
