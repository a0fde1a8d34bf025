"""Build a template's packages and deploy it to the embedded AWS, by the SAM commands used for a real one."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from workflows.local.base.errors import StackError
from workflows.local.lifecycle.processes import marked_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from botocore.config import Config

    from workflows.local.base.home import Home

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
    """What to deploy: a template with its parameters, what its packages are made of, its jobs' code.

    The template has a parameter LocalEndpoint, which `deploy` fills in.
    """

    template: Path
    stack_name: str
    parameters: Mapping[str, str]
    sources: tuple[Path, ...]
    jobs: Path
    packages: tuple[Path, ...] = ()  # that the jobs import, beside their own folder

    @property
    def built_template(self) -> Path:
        """Where `sam build` puts the template that points to the built packages."""
        return self.template.parent / ".aws-sam" / "build" / "template.yaml"

    def digest(self) -> str:
        """A fingerprint of all that the built packages depend on."""
        fingerprint = hashlib.sha256(json.dumps([sys.version, dict(self.parameters)]).encode())
        for file in sorted(self._files()):
            fingerprint.update(f"{file}\0".encode())
            fingerprint.update(hashlib.sha256(file.read_bytes()).digest())
        return fingerprint.hexdigest()

    def copy_jobs(self, home: Home) -> None:
        """Put the jobs' code into the stack's own folder, as `make deploy` puts it into a bucket."""
        shutil.rmtree(home.deployed, ignore_errors=True)
        for package in (self.jobs, *self.packages):
            shutil.copytree(
                package, home.deployed / package.name, ignore=shutil.ignore_patterns("__pycache__")
            )

    def changed_since(self, home: Home) -> tuple[str, ...]:
        """The files of the jobs' code that are not as they were deployed, by their paths in the checkout."""
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
    """Build the Lambda packages unless nothing they depend on has changed; whether it had to."""
    record = home.folder / f"build-{deployment.stack_name}.sha256"
    digest = deployment.digest()
    if deployment.built_template.is_file() and record.is_file() and record.read_text() == digest:
        return False
    record.unlink(missing_ok=True)
    _sam(deployment, home, ["build", "--template", deployment.template.name, "--build-in-source"])
    record.write_text(digest)
    return True


def deploy(deployment: Deployment, home: Home, endpoint: str) -> dict[str, str]:
    """Deploy what was built to the embedded AWS at `endpoint`; the outputs of the stack."""
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
    """Run one SAM command; raises StackError with the end of what it said."""
    log = home.logs / f"sam-{arguments[0]}.log"
    command = [str(Path(sys.executable).with_name("sam")), *arguments]
    config = deployment.template.with_name("samconfig.toml")
    if config.is_file():  # which sam seeks beside the built template
        command += ["--config-file", str(config)]
    overrides = {**deployment.parameters, **(parameters or {})}
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in overrides.items())]
    with log.open("w") as output:
        ended = subprocess.run(  # noqa: S603 -- sam, with our own words
            command,
            cwd=deployment.template.parent,
            env={**marked_environment(home), **_SAM_ENVIRONMENT, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        last = "\n".join(line for line in log.read_text().splitlines() if line.strip())[-3000:]
        raise StackError(f"sam {arguments[0]} failed; all it said is in {log}. The end of it:\n{last}")


def client(service: str, endpoint: str, config: Config | None = None) -> Any:
    """A client of the embedded AWS. Any: boto3 makes its classes at run time."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        config=config,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the embedded AWS knows no other
    )
