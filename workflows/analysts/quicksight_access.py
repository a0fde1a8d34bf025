"""Who may what: the role with which QuickSight queries the lake, and the permissions of its principal.

QuickSight can't assume the stack's reader role, which trusts people of the account. So it has a role of its
own with the same permissions.
"""

from __future__ import annotations

from typing import Any, Final

type Json = dict[str, Any]

_READ: Final = {
    "DataSource": ["DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource"],
    "DataSet": [
        "DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet", "DescribeIngestion", "ListIngestions",
    ],
    "Analysis": [
        "DescribeAnalysis", "DescribeAnalysisPermissions", "QueryAnalysis", "RestoreAnalysis",
        "UpdateAnalysis", "UpdateAnalysisPermissions", "DeleteAnalysis",
    ],
    "Dashboard": [
        "DescribeDashboard", "ListDashboardVersions", "QueryDashboard", "UpdateDashboard",
        "UpdateDashboardPermissions", "UpdateDashboardPublishedVersion", "DescribeDashboardPermissions",
        "DeleteDashboard",
    ],
}  # fmt: skip


def resource(kind: str, dataset: str, title: str, properties: Json) -> Json:
    """A resource of QuickSight that the principal may use."""
    actions = [f"quicksight:{action}" for action in _READ[kind]]
    permissions = [{"Principal": {"Ref": "QuickSightPrincipal"}, "Actions": actions}]
    return {
        "Type": f"AWS::QuickSight::{kind}",
        "Properties": {
            "AwsAccountId": {"Ref": "AWS::AccountId"},
            f"{kind}Id": stack_id(dataset),
            "Name": title,
            "Permissions": permissions,
            **properties,
        },
    }


def stack_id(dataset: str) -> Json:
    """Ids are those of the stack, so that several stacks live in one account."""
    return {"Fn::Sub": f"${{AWS::StackName}}-{dataset}"}


def role() -> Json:
    """The reader role's permissions (workflows/template.yaml), for QuickSight in this account."""
    lake, account = "arn:${AWS::Partition}:s3:::${LakeBucket}", "${AWS::Region}:${AWS::AccountId}"
    athena, glue = f"arn:${{AWS::Partition}}:athena:{account}", f"arn:${{AWS::Partition}}:glue:{account}"
    statements = [
        _allow(
            [
                "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup",
                "athena:StartQueryExecution", "athena:StopQueryExecution",
            ],
            f"{athena}:workgroup/${{ReaderWorkGroup}}",
        ),
        _allow(
            ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"],
            f"{glue}:catalog", f"{glue}:database/${{LakeDatabase}}", f"{glue}:table/${{LakeDatabase}}/*",
        ),
        _allow(["s3:GetObject"], f"{lake}/warehouse/lake/*"),
        _allow(
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], f"{lake}/athena/readers/*"
        ),
        _allow(["s3:GetBucketLocation", "s3:ListBucket"], lake),
        # The stack's key, known by what it encrypts: S3 names the bucket in the context of its bucket key.
        _allow(["kms:Decrypt", "kms:GenerateDataKey"], f"arn:${{AWS::Partition}}:kms:{account}:key/*")
        | {
            "Condition": {
                "StringEquals": {
                    "kms:EncryptionContext:aws:s3:arn": {"Fn::Sub": lake},
                    "kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"},
                }
            }
        },
    ]  # fmt: skip
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "quicksight.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "reader", "PolicyDocument": policy}],
        },
    }


def _allow(actions: list[str], *resources: str) -> Json:
    return {"Effect": "Allow", "Action": actions, "Resource": [{"Fn::Sub": one} for one in resources]}
