"""Requests about encrypted resources need the key. Most is in `test_embedded_iam`."""

from pathlib import Path

import pytest
from botocore.loaders import Loader

from tests.workflows.local.ministack.roles import ACCOUNT, allow, as_role, code_of, document, make_role
from workflows.local.ministack.encryption_keys import KEY_USE
from workflows.stack.target import Target

TEMPLATE = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: "000000000000"}, Action: "kms:*", Resource: "*"}]
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: aws:kms, KMSMasterKeyID: !GetAtt Key.Arn}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
      KeySchema: [{AttributeName: _key, KeyType: HASH}]
      SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn}
Outputs:
  Key: {Value: !GetAtt Key.Arn}
  Bucket: {Value: !Ref Bucket}
  Table: {Value: !Ref Table}
"""


def test_buckets_and_tables_of_a_template_are_encrypted_with_its_key(embedded_aws: str) -> None:
    empty = Target("us-east-1", {}, embedded_aws)
    cloudformation = empty.client("cloudformation")
    cloudformation.create_stack(StackName="keys", TemplateBody=TEMPLATE)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="keys", WaiterConfig={"Delay": 1})
    found = cloudformation.describe_stacks(StackName="keys")["Stacks"][0]["Outputs"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found}
    role = make_role(
        embedded_aws,
        "keyless",
        allow("s3:PutObject", f"arn:aws:s3:::{outputs['Bucket']}/*"),
        allow("dynamodb:PutItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{outputs['Table']}"),
    )

    def put(key: str) -> tuple[str | None, str | None]:
        s3, dynamodb = (as_role(embedded_aws, role, name) for name in ("s3", "dynamodb"))
        item = {"_key": {"S": key}}
        return (
            code_of(lambda: s3.put_object(Bucket=outputs["Bucket"], Key=key, Body=b"")),
            code_of(lambda: dynamodb.put_item(TableName=outputs["Table"], Item=item)),
        )

    assert put("1") == ("AccessDenied", "AccessDeniedException")
    iam = empty.client("iam")
    use = document([allow(["kms:Decrypt", "kms:GenerateDataKey"], outputs["Key"])])
    iam.put_role_policy(RoleName="keyless", PolicyName="key", PolicyDocument=use)
    assert put("1") == (None, None)


@pytest.mark.parametrize("action", KEY_USE)
def test_actions_are_those_of_an_api(action: str) -> None:
    service, _, name = action.partition(":")
    operation = {"GetObjectVersion": "GetObject"}.get(name, name)

    assert operation in Loader().load_service_model(service, "service-2")["operations"]
    assert set(KEY_USE[action]) <= {"kms:Decrypt", "kms:GenerateDataKey"}


def test_every_service_with_a_key_in_the_template_is_there() -> None:
    template = (Path(__file__).parents[4] / "workflows" / "template.yaml").read_text()

    assert {action.partition(":")[0] for action in KEY_USE} == {"sqs", "sns", "s3", "dynamodb"}
    assert template.count("KmsMasterKeyId: !Ref Key") == 5  # queues and the topic
