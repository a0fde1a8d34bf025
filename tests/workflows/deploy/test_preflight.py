"""What is checked before a deployment writes anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.deploy.stubs import account_with, stubbed
from workflows.deploy.findings import Verdict, checked
from workflows.deploy.plan import compare
from workflows.deploy.preflight import (
    Intent,
    artifacts_bucket,
    known_partition,
    lake_formation,
    mail,
    preflight,
)

BY_IAM = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


def settings(permissions: list[Any]) -> Any:
    names = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
    answer = {"DataLakeSettings": dict.fromkeys(names, permissions)}
    return account_with(lakeformation=stubbed("lakeformation", ("get_data_lake_settings", answer)))


def test_iam_decides_about_new_databases_by_default() -> None:
    [finding] = lake_formation(settings(BY_IAM), grants=False)

    assert finding.verdict is Verdict.FINE


def test_where_lake_formation_decides_the_way_out_is_a_parameter() -> None:
    [without] = lake_formation(settings([]), grants=False)
    [granting] = lake_formation(settings([]), grants=True)

    assert without.verdict is Verdict.WARNING
    assert "--set LakeFormationGrants=true" in without.message
    assert granting.verdict is Verdict.FINE
    assert "aws lakeformation grant-permissions" in granting.message


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        ("arn:aws:iam::1:user/a", Verdict.FINE),
        ("arn:aws-cn:iam::1:user/a", Verdict.WRONG),
        ("arn:aws-us-gov:iam::1:user/a", Verdict.WRONG),
    ],
)
def test_only_the_partition_aws_is_deployed_to(caller: str, verdict: Verdict) -> None:
    [finding] = known_partition(account_with(caller=caller))

    assert finding.verdict is verdict


def test_in_another_partition_nothing_else_is_asked() -> None:
    account = account_with(caller="arn:aws-cn:iam::1:user/a")
    intent = Intent({}, compare({}, {}), (), None)

    assert [one.subject for one in preflight(account, intent)] == ["account", "partition"]


def encryption(key: str | None) -> Any:
    algorithm = {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": key} if key else {})
    rule = {"ApplyServerSideEncryptionByDefault": algorithm}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


@pytest.mark.parametrize(
    ("answers", "manager", "verdict", "said"),
    [
        ([("head_bucket", "403")], None, Verdict.WRONG, "expected a bucket mine of this account"),
        (
            [("head_bucket", {}), ("get_bucket_location", {"LocationConstraint": "us-west-2"})],
            None,
            Verdict.WRONG,
            "got us-west-2",
        ),
        (
            [("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")],
            None,
            Verdict.FINE,
            "mine",
        ),
        ([("get_bucket_encryption", encryption(None))], None, Verdict.FINE, "mine"),
        ([("get_bucket_encryption", encryption(KEY))], "CUSTOMER", Verdict.WRONG, "no job could read"),
        ([("get_bucket_encryption", encryption(KEY))], "AWS", Verdict.FINE, "mine"),
        ([("get_bucket_encryption", encryption(KEY))], "denied", Verdict.UNKNOWN, "may not look at"),
        ([("get_bucket_encryption", "AccessDenied")], None, Verdict.UNKNOWN, "AccessDenied"),
    ],
)
def test_the_artifacts_bucket_has_to_be_readable(
    answers: list[Any], manager: str | None, verdict: Verdict, said: str
) -> None:
    usual = [("head_bucket", {}), ("get_bucket_location", {"LocationConstraint": "eu-west-1"})]
    s3 = stubbed("s3", *(answers if answers[0][0] == "head_bucket" else [*usual, *answers]))
    described: Any = (
        "AccessDenied"
        if manager == "denied"
        else {"KeyMetadata": {"KeyId": "1", "KeyManager": manager or "AWS"}}
    )
    account = account_with(s3=s3, kms=stubbed("kms", ("describe_key", described)))

    [finding] = checked("artifacts bucket", lambda: artifacts_bucket(account, "mine"))

    assert finding.verdict is verdict
    assert said in finding.message


def test_without_a_bucket_sam_makes_one() -> None:
    [finding] = artifacts_bucket(account_with(), None)

    assert finding.verdict is Verdict.FINE


def test_without_a_mail_address_nobody_gets_alerts() -> None:
    assert [one.verdict for one in mail({})] == [Verdict.WARNING]
    assert [one.verdict for one in mail({"AlertEmail": "a@b.c"})] == [Verdict.FINE]
