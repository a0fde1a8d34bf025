"""Where the local stack lives, and what it needs of this machine: a JDK, the jars, an environment.

Imports `expectations`.
"""
