"""What is checked before a deployment writes anything: the account, its quotas, its names, its defaults.

A check that AWS does not allow is a finding too; only what is certainly wrong stops a deployment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from workflows.deploy.collisions import collisions
from workflows.deploy.findings import checked, fine, unknown, warning, wrong
from workflows.deploy.permissions import permissions
from workflows.deploy.quotas import lambda_concurrency, template_limits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from workflows.deploy.account import Account
    from workflows.deploy.findings import Finding
    from workflows.deploy.plan import Plan

_IAM_DECIDES: Final = "IAM_ALLOWED_PRINCIPALS"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a deployment is about to do."""

    expanded: Mapping[str, Any]
    plan: Plan
    datasets: Collection[str]  # names
    bucket: str | None
    adopted: Collection[str] = ()  # logical ids
    grants: bool = False  # whether the stack grants its jobs the databases in Lake Formation


def preflight(account: Account, intent: Intent) -> Iterator[Finding]:
    """The findings of all checks, in the order in which they matter."""
    yield fine("account", f"{account.id}, region {account.region}, as {account.caller}")
    partition = list(known_partition(account))
    yield from partition
    if partition[0].verdict == "wrong":
        return
    yield from checked("permissions", lambda: permissions(account, intent.plan.added))
    yield from template_limits(intent.expanded, intent.datasets)
    yield from checked("Lambda concurrency", lambda: lambda_concurrency(account, len(intent.datasets)))
    yield from collisions(account, intent.plan.added, intent.adopted)
    yield from checked("Lake Formation", lambda: lake_formation(account, grants=intent.grants))
    yield from checked("artifacts bucket", lambda: artifacts_bucket(account, intent.bucket))


def known_partition(account: Account) -> Iterator[Finding]:
    """Whether the template fits the partition: it has been written for `aws` alone."""
    if account.partition == "aws":
        yield fine("partition", "aws")
        return
    yield wrong(
        "partition",
        f"expected an account of the partition aws, got {account.partition}: addresses of Cognito's tokens "
        "end in amazoncognito.com there only (China has no user pools, GovCloud has other domains).",
    )


def lake_formation(account: Account, *, grants: bool) -> Iterator[Finding]:
    """Whether IAM alone decides about new databases and tables, as is the default of an account."""
    subject = "Lake Formation"
    settings = account.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    defaults = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
    if all(_iam_decides(settings.get(name, [])) for name in defaults):
        yield fine(subject, "IAM decides about new databases and tables")
        return
    readers = (
        "Readers need SELECT and DESCRIBE: aws lakeformation grant-permissions --principal "
        "DataLakePrincipalIdentifier=ARN --permissions SELECT DESCRIBE --resource "
        '\'{"Table":{"DatabaseName":"…","TableWildcard":{}}}\''
    )
    if grants:
        yield fine(
            subject, f"it decides about new databases and tables, and the stack grants its jobs. {readers}"
        )
        return
    yield warning(
        subject,
        "in this account Lake Formation, not IAM, decides about new databases and tables (the default "
        f"permission of {_IAM_DECIDES} was removed), so jobs get AccessDenied unless they are granted. "
        "Deploy with --set LakeFormationGrants=true, as an administrator of the data lake, and the stack "
        f"grants its jobs. {readers}",
    )


def _iam_decides(permissions: list[Any]) -> bool:
    return any(
        one.get("Principal", {}).get("DataLakePrincipalIdentifier") == _IAM_DECIDES
        and "ALL" in one.get("Permissions", ())
        for one in permissions
    )


def artifacts_bucket(account: Account, bucket: str | None) -> Iterator[Finding]:
    """Whether Lambda and the jobs can read what is uploaded to the bucket."""
    subject = "artifacts bucket"
    if bucket is None:
        yield fine(subject, "SAM makes its own (the stack aws-sam-cli-managed-default)")
        return
    s3 = account.client("s3")
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account.id)
    except ClientError as error:
        yield wrong(
            subject,
            f"expected a bucket {bucket} of this account that you may use, got "
            f"{error.response['Error']['Code']}. Name another: --bucket NAME; without it, SAM makes one.",
        )
        return
    region = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    if region != account.region:
        yield wrong(
            subject,
            f"expected {bucket} in {account.region}, where Lambda reads its packages, got {region}. Name "
            "another: --bucket NAME; without it, SAM makes one.",
        )
        return
    yield from _readable(account, s3, bucket)


def _readable(account: Account, s3: Any, bucket: str) -> Iterator[Finding]:
    """Whether objects of the bucket are encrypted with a key that roles of the stack may use."""
    subject = "artifacts bucket"
    try:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        rules = []
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    key = next((one.get("KMSMasterKeyID") for one in defaults if one.get("KMSMasterKeyID")), None)
    if key is None or key.endswith("alias/aws/s3"):
        yield fine(subject, bucket)
        return
    try:
        manager = account.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyManager"]
    except ClientError:
        yield unknown(subject, f"{bucket} is encrypted with {key}, which you may not look at")
        return
    if manager == "AWS":
        yield fine(subject, bucket)
        return
    yield wrong(
        subject,
        f"{bucket} is encrypted with the key {key}, which the roles of jobs may not use: no job could read "
        "its script. Name a bucket with S3's own encryption: --bucket NAME; without it, SAM makes one.",
    )


def mail(parameters: Mapping[str, str]) -> Iterator[Finding]:
    """Whether anybody will get the alerts."""
    if parameters.get("AlertEmail"):
        yield fine("alerts", f"go to {parameters['AlertEmail']}, who has to confirm a mail")
    else:
        yield warning(
            "alerts",
            "nobody gets them yet: --set AlertEmail=YOU@EXAMPLE.COM, or subscribe to the topic later",
        )
