"""`make deploy`: deploys the stack to the AWS account and region of the caller's credentials.

Nothing that is deployed refers to code that does not exist yet, because of the order: the jobs' wheel and
scripts are uploaded to the artifacts bucket under a key that is a hash of their content, the Lambda packages
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

CHECKOUT: Final = Path(__file__).resolve().parents[1]
WORKFLOWS: Final = CHECKOUT / "workflows"
# The wheels that run on Lambda's Amazon Linux 2023 (glibc 2.34).
PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
BUILT: Final = ".aws-sam/deploy"  # separate from the local stack's packages, which are for this machine
COMPUTED: Final = ("Datasets", "JobsWheel", "Architecture")


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
    datasets = datasets_parameter(contracts)
    session = boto3.Session(region_name=options.region)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        region = session.region_name
        bucket = options.bucket or _artifacts_bucket(region)
        report(f"Stack {options.stack} in account {account}, region {region}; artifacts in s3://{bucket}")
        wheel = _upload_jobs(session.client("s3"), bucket)
        report(f"Jobs: {wheel}")
    except (BotoCoreError, ClientError) as error:
        raise DeployError(
            f"AWS refused your credentials, or there are none: {error}\nSet credentials and a region (aws "
            "configure sso, or AWS_PROFILE and AWS_DEFAULT_REGION) that may create stacks, roles, buckets, "
            "then run this again."
        ) from error
    computed = {"Datasets": datasets, "JobsWheel": wheel, "Architecture": options.architecture}
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
    stacks = session.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def datasets_parameter(names: Iterable[str]) -> str:
    """The value of the template's parameter `Datasets` for these datasets.

    A logical id has letters and digits only, and what a loop makes of `&{Dataset}` can't be referred to
    (https://github.com/aws-cloudformation/cfn-language-discussion/issues/162). So `_` is written as `X`,
    which no dataset's name contains, and the template converts it back location it names tables.

    >>> datasets_parameter(["products", "order_lines"])
    'orderXlines,products'
    """
    return ",".join(sorted(name.replace("_", "X") for name in names))


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
    """Build the wheel and upload it with the job scripts; the address of the wheel.

    The key is a hash of the content, so files that exist already are not uploaded again.
    """
    with tempfile.TemporaryDirectory() as folder:
        _run([uv(), "build", "--wheel", "--quiet", "--out-dir", folder], "uv build", cwd=CHECKOUT)
        (wheel,) = Path(folder).glob("*.whl")
        scripts = [file for file in sorted((CHECKOUT / "jobs").glob("*.py")) if file.stem != "__init__"]
        files = {file.name: file.read_bytes() for file in (wheel, *scripts)}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    prefix = f"code/{digest.hexdigest()[:16]}"
    if s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/").get("KeyCount", 0) < len(files):
        for name, content in files.items():
            s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content)
    return f"s3://{bucket}/{prefix}/{wheel.name}"


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
