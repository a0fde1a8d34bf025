"""The embedded DynamoDB's point-in-time recovery and its exports to S3.

Imports nothing of ours.
"""
