"""The code of the Glue jobs as it is deployed: each job's script, and a zip of the wheels that it installs.

Imports `expectations`.
"""
