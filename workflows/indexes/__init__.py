"""Makes and removes the indexes of access patterns, and fills them with the items of live tables.

Imports `expectations`, `lambdas`, `lambdas.data_api`.
"""
