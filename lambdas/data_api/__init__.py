"""The CRUD API over one DynamoDB table for each dataset.

Imports `expectations`, `lambdas`.
"""
