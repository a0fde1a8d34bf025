"""Builds the packages of a template and deploys it to the embedded AWS, with the SAM commands used on AWS."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflows.contracts.existing_tables import NO_TABLES
from workflows.local.base.errors import StackError
from workflows.local.lifecycle.clients import REGION, client
from workflows.local.lifecycle.deployed_stack import DeployedStack
from workflows.local.lifecycle.parts import Parts
from workflows.local.lifecycle.processes import marked_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from workflows.local.base.home import Home
    from workflows.stack.target import Target

_ARTIFACTS: Final = "glueline-artifacts"
_SOURCE_SUFFIXES: Final = {".py", ".yaml", ".toml", ".lock", ".txt", ".json"}
_CONTRACT: Final = ".yaml"
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


def _accept() -> None:
    """The check of a deployment without contracts."""


def _accept_data(_: Target) -> dict[str, list[str]]:
    """The comparison of a deployment without contracts: no dataset changes."""
    return {}


def _attach_nothing(_endpoint: str, _report: Callable[[str], None]) -> dict[str, str]:
    """The parameters of a deployment that reads no existing tables."""
    return {}


def _index_nothing(_: Target, __: Callable[[str], None]) -> list[str]:
    """The indexes of a deployment without contracts."""
    return []


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
    packages: tuple[Path, ...] = ()  # imported by the jobs, beside their own; contracts are in them
    runtime: tuple[Path, ...] = ()  # what processes of a running stack have loaded for good
    growing: tuple[str, ...] = ()  # parameters with lists, of which a stack with data loses no member
    check: Callable[[], None] = _accept  # raises if the deployment is wrong in itself
    compare: Callable[[Target], dict[str, list[str]]] = _accept_data  # raises if data can't follow
    kept: tuple[str, ...] = ()  # parameters that a kept stack continues with
    # Parameters that follow from what the embedded AWS has; raises if that is not as it should be.
    attach: Callable[[str, Callable[[str], None]], Mapping[str, str]] = _attach_nothing
    index: Callable[[Target, Callable[[str], None]], list[str]] = _index_nothing  # after each deployment
    as_aws: bool = False  # the stack waits for batching windows, as AWS does

    @property
    def built_template(self) -> Path:
        """The template that refers to the built packages, as `sam build` writes it."""
        return self.template.parent / ".aws-sam" / "build" / "template.yaml"

    @property
    def config(self) -> Path:
        """The settings of sam, which it would look for beside the built template."""
        return self.template.with_name("samconfig.toml")

    @property
    def code(self) -> tuple[Path, ...]:
        """The packages that jobs run from: their own, and those that they import."""
        return (self.jobs, *self.packages)

    @property
    def contracts(self) -> list[Path]:
        """The contract files, each named like its dataset."""
        return sorted(file for package in self.packages for file in package.glob(f"*{_CONTRACT}"))

    def files(self) -> Iterator[Path]:
        """All files whose changes can be deployed."""
        return _files((self.template, self.config, *self.sources, *self.code))

    def digest(self) -> str:
        """A hash of all that the built packages depend on."""
        settings = json.dumps([sys.version, dict(self.parameters)])
        return _digest(_files((self.template, *self.sources)), settings)

    def parts(self) -> Parts:
        """The digests of what a user may have changed.

        A function depends on all sources but contracts and other functions, a job on all code but contracts
        and other jobs.
        """
        contracts, functions = self.contracts, self._functions()
        scripts = {script.stem: script for script in self.jobs.glob("*.py") if script.stem != "__init__"}
        shared = [
            file
            for file in _files(self.sources)
            if file not in contracts and not any(folder in file.parents for folder in functions.values())
        ]
        imported = [file for file in _files(self.code) if file not in {*contracts, *scripts.values()}]
        fixed = {name: value for name, value in self.parameters.items() if name not in self.growing}
        everything = (self.template, *self.sources, *self.code, *self.runtime)
        digest = partial(_digest, root=Path(os.path.commonpath([source.parent for source in everything])))
        return Parts(
            datasets={contract.stem: digest([contract]) for contract in contracts},
            functions={name: digest([*shared, *_files([folder])]) for name, folder in functions.items()},
            jobs={name: digest([*imported, script]) for name, script in scripts.items()},
            template=digest(_files([self.template, self.config]), json.dumps(fixed, sort_keys=True)),
            runtime=digest(_files(self.runtime), sys.version),
        )

    def attached(self, endpoint: str, report: Callable[[str], None]) -> Deployment:
        """The deployment for what the embedded AWS at this address has."""
        return replace(self, parameters={**self.parameters, **self.attach(endpoint, report)})

    def growing_from(self, current: Mapping[str, str]) -> Deployment:
        """The deployment with what a stack with these parameters keeps: all members of lists, and values."""
        lists = {
            name: _together(self.parameters[name], current[name])
            for name in self.growing
            if name in self.parameters and name in current
        }
        values = {name: current[name] for name in self.kept if name in current}
        return replace(self, parameters={**self.parameters, **lists, **values})

    def _functions(self) -> dict[str, Path]:
        apps = (app for source in self.sources if source.is_dir() for app in source.glob("*/app.py"))
        return {app.parent.name: app.parent for app in apps}


def _together(one: str, other: str) -> str:
    """The members of two lists; what stands for an empty list is no member beside others."""
    members = {*one.split(","), *other.split(",")} - {""}
    return ",".join(sorted(members - {NO_TABLES} or members))


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        files = source.rglob("*") if source.is_dir() else (source,)
        yield from (
            file
            for file in files
            if file.is_file() and (file.suffix in _SOURCE_SUFFIXES or file.name == "Makefile")
        )


def _digest(files: Iterable[Path], settings: str = "", *, root: Path = Path("/")) -> str:
    """A hash of the files with their paths in `root`."""
    fingerprint = hashlib.sha256(settings.encode())
    for file in sorted(set(files)):
        fingerprint.update(f"{file.relative_to(root)}\0".encode())
        fingerprint.update(hashlib.sha256(file.read_bytes()).digest())
    return fingerprint.hexdigest()


def build(deployment: Deployment, home: Home) -> bool:
    """Build the Lambda packages if anything they depend on has changed; returns whether it has.

    Stacks in different folders that are built from one checkout share its packages, and build one at a time.
    """
    record = deployment.built_template.parents[1] / f"build-{deployment.stack_name}.sha256"
    record.parent.mkdir(exist_ok=True)
    digest = deployment.digest()
    with record.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if deployment.built_template.is_file() and record.is_file() and record.read_text() == digest:
            return False
        record.unlink(missing_ok=True)
        _sam(deployment, home, ["build", "--template", deployment.template.name, "--build-in-source"])
        record.write_text(digest)
    return True


def deploy(deployment: Deployment, home: Home, endpoint: str, *, roll_back: bool = False) -> dict[str, str]:
    """Deploy the built template to the embedded AWS at `endpoint`; returns the outputs of the stack.

    With `roll_back`, a stack whose update fails is as it was before. Raises StackError.
    """
    client("s3", endpoint).create_bucket(Bucket=_ARTIFACTS)
    arguments = [
        *("deploy", "--template-file", str(deployment.built_template), "--stack-name", deployment.stack_name),
        *("--no-resolve-s3", "--s3-bucket", _ARTIFACTS, "--region", REGION, "--no-progressbar"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        *(() if roll_back else ("--disable-rollback",)),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"),
    ]
    _sam(deployment, home, arguments, {"LocalEndpoint": endpoint}, AWS_ENDPOINT_URL=endpoint)
    return DeployedStack(endpoint, deployment.stack_name).outputs()


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
    if deployment.config.is_file():
        command += ["--config-file", str(deployment.config)]
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
