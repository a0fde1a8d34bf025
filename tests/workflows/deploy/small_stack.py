"""A small template with the traits that deploying depends on, and a dialog that answers as it is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.builders import contracts
from workflows.deploy.deployment import Dialog

if TYPE_CHECKING:
    from expectations.contract import Contract

# Retained resources with and without names of their own, protection, outputs, a loop, both transforms, and a
# resource that fails if it is asked to.
TEMPLATE = """
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Datasets: {Type: CommaDelimitedList, Default: things}
  OwnTables: {Type: CommaDelimitedList, Default: things}
  SourceTables: {Type: CommaDelimitedList, Default: none}
  SourceStreams: {Type: CommaDelimitedList, Default: none}
  SourceKeys: {Type: CommaDelimitedList, Default: none}
  JobsCode: {Type: String, Default: "s3://none/code/none"}
  Architecture: {Type: String, Default: arm64}
  AlertEmail: {Type: String, Default: ""}
  LakeDatabase: {Type: String, Default: ""}
  OpsDatabase: {Type: String, Default: ""}
  DeletionProtection: {Type: String, Default: "true", AllowedValues: ["true", "false", "later"]}
  Title: {Type: String, Default: first}
  Fails: {Type: String, Default: "false"}
Conditions:
  IsProtected: !Equals [!Ref DeletionProtection, "true"]
  Fails: !Equals [!Ref Fails, "true"]
  HasAlertEmail: !Not [!Equals [!Ref AlertEmail, ""]]
Resources:
  Key:
    Type: AWS::KMS::Key
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      Description: !Sub "${AWS::StackName}: everything"
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
            Action: "kms:*"
            Resource: "*"
  Fn::ForEach::Tables:
    - Dataset
    - !Ref Datasets
    - Table${Dataset}:
        Type: AWS::DynamoDB::Table
        DeletionPolicy: RetainExceptOnCreate
        UpdateReplacePolicy: Retain
        Properties:
          TableName: !Sub "${AWS::StackName}-${Dataset}"
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions: [{AttributeName: _key, AttributeType: S}]
          KeySchema: [{AttributeName: _key, KeyType: HASH}]
          SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn}
          DeletionProtectionEnabled: !If [IsProtected, true, false]
  RawBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
  Lake:
    Type: AWS::Glue::Database
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseInput: {Name: !Ref LakeDatabase, LocationUri: !Sub "s3://${RawBucket}/lake"}
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Title}
  AlertsByMail:
    Type: AWS::SNS::Subscription
    Condition: HasAlertEmail
    Properties: {TopicArn: !Ref Alerts, Protocol: email, Endpoint: !Ref AlertEmail}
  Signal: {Type: AWS::CloudFormation::WaitConditionHandle}
  Never: # nobody sends the signal
    Type: AWS::CloudFormation::WaitCondition
    Condition: Fails
    DependsOn: [Tablethings, RawBucket]
    Properties: {Handle: !Ref Signal, Timeout: "2"}
Outputs:
  DataApiUrl: {Value: "https://api"}
  AlertTopicArn: {Value: !Ref Alerts}
  InboundQueueUrl: {Value: "https://queue"}
  RawBucket: {Value: !Ref RawBucket}
  KeyId: {Value: !Ref Key}
"""


def contracts_named(*datasets: str) -> dict[str, Contract]:
    """Contracts of these datasets."""
    return {dataset: replace(contracts()["products"], dataset=dataset) for dataset in datasets}


@dataclass
class Talk:
    """What a deployment said and asked; it answers questions in order, and then with the last answer."""

    answers: list[bool] = field(default_factory=lambda: [True])
    lines: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def dialog(self) -> Dialog:
        return Dialog(self.lines.append, self._answer)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def _answer(self, question: str) -> bool:
        self.questions.append(question)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
