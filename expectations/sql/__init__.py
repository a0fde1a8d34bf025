"""Quality rules of type `sql`: one expression over the dataset, from Athena's SQL to Spark's.

Imports `expectations`.
"""
