"""What the process that functions are forked from has imported."""

import boto3

# The models of the services, which botocore keeps with its session. None of these clients calls anyone.
for service in ("cognito-idp", "dynamodb", "s3", "sns", "sqs"):
    boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - no secret
    )
