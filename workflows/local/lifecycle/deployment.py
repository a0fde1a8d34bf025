"""Builds the packages of a template and deploys it to the embedded AWS, with the SAM commands used on AWS."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import marked_environment

REGION: Final = "us-east-1"
_ARTIFACTS: Final = "glueline-artifacts"
_SOURCE_SUFFIXES: Final = {".py", ".yaml", ".toml", ".lock", ".txt", ".json"}
_SAM_ENVIRONMENT: Final = {
    "SAM_CLI_ENABLE_LANGUAGE_EXTENSIONS": "1",
    "SAM_CLI_TELEMETRY": "0",
    "SAM_CLI_POLL_DELAY": "0.5",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """A template with its parameters, the sources of its Lambda packages, and the code of its jobs.

    The template has a parameter LocalEndpoint, which `deploy` sets.
    """

    template: Path
    stack_name: str
    parameters: Mapping[str, str]
    sources: tuple[Path, ...]
    jobs: Path
    packages: tuple[Path, ...] = ()  # imported by the jobs, beside their own

    @property
    def built_template(self) -> Path:
        """The template that refers to the built packages, as `sam build` writes it."""
        return self.template.parent / ".aws-sam" / "build" / "template.yaml"

    def digest(self) -> str:
        """A hash of all that the built packages depend on."""
        fingerprint = hashlib.sha256(json.dumps([sys.version, dict(self.parameters)]).encode())
        for file in sorted(self._files()):
            fingerprint.update(f"{file}\0".encode())
            fingerprint.update(hashlib.sha256(file.read_bytes()).digest())
        return fingerprint.hexdigest()

    def copy_jobs(self, home: Home) -> None:
        """Copy the jobs' code into the folder of the stack, as `make deploy` copies it into a bucket."""
        shutil.rmtree(home.deployed, ignore_errors=True)
        for package in (self.jobs, *self.packages):
            shutil.copytree(
                package, home.deployed / package.name, ignore=shutil.ignore_patterns("__pycache__")
            )

    def changed_since(self, home: Home) -> tuple[str, ...]:
        """The files of the jobs' code that differ from the deployed ones, as paths in the checkout."""
        packages = (self.jobs, *self.packages)
        now = _contents(packages)
        then = _contents(home.deployed / package.name for package in packages)
        return tuple(sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name)))

    def _files(self) -> Iterator[Path]:
        for source in (self.template, *self.sources):
            files = source.rglob("*") if source.is_dir() else (source,)
            yield from (
                file
                for file in files
                if file.is_file() and (file.suffix in _SOURCE_SUFFIXES or file.name == "Makefile")
            )


def _contents(packages: Iterable[Path]) -> dict[str, bytes]:
    return {
        str(file.relative_to(package.parent)): file.read_bytes()
        for package in packages
        for file in package.rglob("*")
        if file.is_file() and file.suffix in _SOURCE_SUFFIXES
    }


def build(deployment: Deployment, home: Home) -> bool:
    """Build the Lambda packages if anything they depend on has changed; returns whether it has."""
    record = home.folder / f"build-{deployment.stack_name}.sha256"
    digest = deployment.digest()
    if deployment.built_template.is_file() and record.is_file() and record.read_text() == digest:
        return False
    record.unlink(missing_ok=True)
    _sam(deployment, home, ["build", "--template", deployment.template.name, "--build-in-source"])
    record.write_text(digest)
    return True


def deploy(deployment: Deployment, home: Home, endpoint: str) -> dict[str, str]:
    """Deploy the built template to the embedded AWS at `endpoint`; returns the outputs of the stack."""
    client("s3", endpoint).create_bucket(Bucket=_ARTIFACTS)
    arguments = [
        *("deploy", "--template-file", str(deployment.built_template), "--stack-name", deployment.stack_name),
        *("--no-resolve-s3", "--s3-bucket", _ARTIFACTS, "--region", REGION, "--no-progressbar"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--disable-rollback"),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
    ]
    _sam(deployment, home, arguments, {"LocalEndpoint": endpoint}, AWS_ENDPOINT_URL=endpoint)
    stacks = client("cloudformation", endpoint).describe_stacks(StackName=deployment.stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}


def _sam(
    deployment: Deployment,
    home: Home,
    arguments: list[str],
    parameters: Mapping[str, str] | None = None,
    **environment: str,
) -> None:
    """Run one SAM command; raises StackError with the end of its output."""
    log = home.logs / f"sam-{arguments[0]}.log"
    command = [str(Path(sys.executable).with_name("sam")), *arguments]
    config = deployment.template.with_name("samconfig.toml")
    if config.is_file():  # which sam looks for beside the built template
        command += ["--config-file", str(config)]
    overrides = {**deployment.parameters, **(parameters or {})}
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in overrides.items())]
    with log.open("w") as output:
        ended = subprocess.run(  # noqa: S603 -- sam, with our own arguments
            command,
            cwd=deployment.template.parent,
            env={**marked_environment(home), **_SAM_ENVIRONMENT, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        end = "\n".join(line for line in log.read_text().splitlines() if line.strip())[-3000:]
        raise StackError(f"sam {arguments[0]} failed; its output is in {log}, and ends with:\n{end}")


def client(service: str, endpoint: str, config: Config | None = None) -> Any:
    """A client of the embedded AWS. Any: boto3 makes its classes at run time."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        config=config,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the embedded AWS accepts any
    )
