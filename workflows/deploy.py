"""`make deploy`: deploys the stack to the AWS account and region of the caller's credentials.

Nothing that is deployed refers to code that does not exist yet, because of the order: the jobs' scripts and
packages are uploaded to the artifacts bucket under a key that is a hash of their content, the Lambda packages
are built for Lambda's platform, and SAM deploys the template. It is safe to repeat and to stop at any point:
CloudFormation rolls a stack back to its previous state.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from samcli.yamlhelper import yaml_parse

from expectations.odcs import load_contracts
from expectations.problems import GluelineError
from workflows.contracts.check import check as check_contracts
from workflows.contracts.check import report_notes
from workflows.dataset_parameter import dataset_parameter
from workflows.packages.job_code import write_job_code
from workflows.stack.database_names import database_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

CHECKOUT: Final = Path(__file__).resolve().parents[1]
WORKFLOWS: Final = CHECKOUT / "workflows"
# The wheels that run on Lambda's Amazon Linux 2023 (glibc 2.34).
PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
BUILT: Final = ".aws-sam/deploy"  # separate from the local stack's packages, which are for this machine
COMPUTED: Final = ("Datasets", "JobsCode", "Architecture")


class DeployError(GluelineError):
    """Raised when a deployment can't begin or continue; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a deployment.

    A template parameter that is not given keeps its last value, or has its default.
    """

    stack: str = "glueline"
    region: str | None = None
    bucket: str | None = None
    architecture: str = "arm64"
    confirm: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)


def deploy(options: Options, report: Callable[[str], None] = print) -> dict[str, str]:
    """Build and deploy; the stack's outputs. `report` is called with a line about each step.

    Raises DeployError.

    A contract that can't be read, or that an engine refuses, raises ContractError before anything is changed.
    """
    _check(options)
    contracts = load_contracts()
    check_contracts(contracts)
    report_notes(report)
    datasets = dataset_parameter(contracts)
    session = boto3.Session(region_name=options.region)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        region = session.region_name
        bucket = options.bucket or _artifacts_bucket(region)
        report(f"Stack {options.stack} in account {account}, region {region}; artifacts in s3://{bucket}")
        running = stack_outputs(session.client("cloudformation"), options.stack)
        databases = database_parameters(options.stack, running, options.parameters)
        code = _upload_jobs(session.client("s3"), bucket)
        report(f"Jobs: {code}")
    except (BotoCoreError, ClientError) as error:
        raise DeployError(
            f"AWS refused your credentials, or there are none: {error}\nSet credentials and a region (aws "
            "configure sso, or AWS_PROFILE and AWS_DEFAULT_REGION) that may create stacks, roles, buckets, "
            "then run this again."
        ) from error
    computed = {"Datasets": datasets, "JobsCode": code, "Architecture": options.architecture, **databases}
    with tempfile.TemporaryDirectory() as folder:
        overrides = (
            Path(folder) / "parameters.yaml"
        )  # a file, because values may be JSON, which contains quotes
        overrides.write_text(json.dumps({**options.parameters, **computed}))
        platform = PLATFORMS[options.architecture]
        _sam("build", overrides, region, "--build-dir", BUILT, LAMBDA_PLATFORM=platform)
        report("Lambda packages built.")
        location = (
            "--no-resolve-s3",
            "--stack-name",
            options.stack,
            "--s3-bucket",
            bucket,
            "--s3-prefix",
            options.stack,
        )
        confirmation = "--confirm-changeset" if options.confirm else "--no-confirm-changeset"
        _sam(
            "deploy", overrides, region, "--template-file", f"{BUILT}/template.yaml", *location, confirmation
        )
    return stack_outputs(session.client("cloudformation"), options.stack)


def stack_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """The outputs of a stack; none if it does not exist."""
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _check(options: Options) -> None:
    if options.architecture not in PLATFORMS:
        raise DeployError(
            f"expected one of the architectures {', '.join(PLATFORMS)}, got {options.architecture!r}"
        )
    ours = set(yaml_parse((WORKFLOWS / "template.yaml").read_text())["Parameters"]) - set(COMPUTED)
    if unknown := sorted(set(options.parameters) - ours):
        raise DeployError(
            f"expected parameters among {', '.join(sorted(ours))}, got {', '.join(unknown)} "
            f"({', '.join(COMPUTED)} are computed; for the architecture use --architecture)"
        )
    if options.stack != options.stack.lower():
        raise DeployError(
            f"expected a stack name in lower case, got {options.stack!r}: it becomes part of a domain name"
        )


def _artifacts_bucket(region: str | None) -> str:
    """The bucket for artifacts that SAM manages in this account and region, created if there is none."""
    from samcli.commands.exceptions import UserException
    from samcli.lib.bootstrap.bootstrap import manage_stack

    try:
        return str(manage_stack(profile=None, region=region))
    except UserException as error:
        raise DeployError(
            f"SAM could not create its artifacts bucket: {error}\nName a bucket of yours: --bucket NAME"
        ) from error


def _upload_jobs(s3: Any, bucket: str) -> str:
    """Upload the scripts and packages of the jobs; the address of their folder."""
    with tempfile.TemporaryDirectory() as folder:
        return upload_code(s3, bucket, write_job_code(uv(), CHECKOUT, Path(folder)))


def upload_code(s3: Any, bucket: str, files: Iterable[Path]) -> str:
    """Upload the files to a folder whose name is a hash of them; its address.

    Files that are there already are not uploaded again.
    """
    digest, found = hashlib.sha256(), {file.name: file for file in files}
    for name, file in sorted(found.items()):
        with file.open("rb") as content:
            digest.update(f"{name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\0".encode())
    prefix = f"code/{digest.hexdigest()[:16]}"
    if s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("KeyCount", 0) < len(found):
        for name, file in found.items():
            s3.upload_file(str(file), bucket, f"{prefix}/{name}")
    return f"s3://{bucket}/{prefix}"


def _sam(command: str, overrides: Path, region: str | None, *arguments: str, **environment: str) -> None:
    sam = [str(Path(sys.executable).with_name("sam")), command, *arguments]
    sam += [
        "--config-file",
        str(WORKFLOWS / "samconfig.toml"),
    ]  # sam would look for it beside the built template
    if region:
        sam += ["--region", region]
    _run(
        [*sam, "--parameter-overrides", f"file://{overrides}"],
        f"sam {command}",
        cwd=WORKFLOWS,
        env={"UV": uv(), "SAM_CLI_TELEMETRY": "0", **os.environ, **environment},
    )


def uv() -> str:
    """The uv of `make setup`, else the one on the PATH. Raises DeployError."""
    ours = CHECKOUT / ".local" / "tools" / "bin" / "uv"
    found = os.environ.get("UV") or (str(ours) if ours.is_file() else shutil.which("uv"))
    if not found:
        raise DeployError("expected uv, found none; make setup installs it")
    return found


def _run(command: Sequence[str], name: str, cwd: Path, env: Mapping[str, str] | None = None) -> None:
    """Run a command that the caller can see and answer: sam asks before it changes an account."""
    ended = subprocess.run(command, cwd=cwd, env=env, check=False)  # noqa: S603 -- a fixed command
    if ended.returncode:
        raise DeployError(
            f"{name} failed; see its output above. Fix the cause and run this again: it continues from there."
        )
