"""Imports of the process that functions are forked from."""

import boto3

# Loads the models of the services, which botocore caches in its session. These clients make no requests.
for service in ("cognito-idp", "dynamodb", "s3", "sns", "sqs"):
    boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - no secret
    )
