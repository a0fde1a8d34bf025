"""Builds what a deployment uploads: the jobs' scripts with their wheels, and the packages of the functions.

Nothing that is deployed refers to code that does not exist yet: all of this is uploaded before CloudFormation
gets the template. The jobs' code has a key that is a hash of its content, so that a running job keeps its
own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflows.deploy.errors import DeployError
from workflows.deploy.template import WORKFLOWS, parse
from workflows.local.base.home import CHECKOUT
from workflows.packages.job_code import write_job_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The wheels that run on Lambda's Amazon Linux 2023 (glibc 2.34).
PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
_JOBS_CODE: Final = CHECKOUT / ".local" / "jobs-code"
_BUILT: Final = ".aws-sam/deploy"  # separate from the local stack's packages, which are for this machine


@dataclass(frozen=True, slots=True)
class JobsCode:
    """The files that jobs start from: scripts, and the package of each."""

    files: tuple[Path, ...]

    @property
    def prefix(self) -> str:
        """Where the files are in the bucket: a hash of their content is a part of it."""
        digest = hashlib.sha256()
        for file in sorted(self.files, key=lambda file: file.name):
            with file.open("rb") as content:
                own = hashlib.file_digest(content, "sha256").hexdigest()
            digest.update(f"{file.name}\0{own}\0".encode())
        return f"code/{digest.hexdigest()[:16]}"

    def address(self, bucket: str) -> str:
        """The value of the template's parameter `JobsCode`."""
        return f"s3://{bucket}/{self.prefix}"


def build_jobs() -> JobsCode:
    """Write the scripts and packages of the jobs. Raises PackagingError."""
    shutil.rmtree(_JOBS_CODE, ignore_errors=True)
    _JOBS_CODE.mkdir(parents=True)
    return JobsCode(tuple(write_job_code(uv(), CHECKOUT, _JOBS_CODE)))


def upload_jobs(s3: Any, bucket: str, code: JobsCode) -> str:
    """Upload the jobs' code; its address. Files that exist already are not uploaded again."""
    stored = s3.list_objects_v2(Bucket=bucket, Prefix=f"{code.prefix}/").get("KeyCount", 0)
    if stored < len(code.files):
        for file in code.files:
            s3.upload_file(str(file), bucket, f"{code.prefix}/{file.name}")
    return code.address(bucket)


def build_functions(architecture: str, parameters: Mapping[str, str]) -> Path:
    """Build the packages of the functions; the template that refers to them. Raises DeployError.

    Each parameter becomes the default of the template, because `sam package` takes no parameters, and puts
    what it knows of them into the addresses of the jobs' scripts.
    """
    with tempfile.TemporaryDirectory() as folder:
        overrides = Path(folder) / "parameters.yaml"  # a file, because values may be JSON with quotes
        overrides.write_text(json.dumps(dict(parameters)))
        platform = PLATFORMS[architecture]
        arguments = ("--build-dir", _BUILT, "--parameter-overrides", f"file://{overrides}")
        _sam("build", *arguments, LAMBDA_PLATFORM=platform)
    template = parse((WORKFLOWS / _BUILT / "template.yaml").read_text())
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    written = WORKFLOWS / _BUILT / "with-defaults.json"  # beside the packages, whose paths are relative
    written.write_text(json.dumps(template))
    return written


def upload_functions(template: Path, region: str, bucket: str, prefix: str) -> str:
    """Upload the packages of the functions; the template that refers to them there. Raises DeployError."""
    with tempfile.TemporaryDirectory() as folder:
        packaged = Path(folder) / "packaged.json"
        location = ("--s3-bucket", bucket, "--s3-prefix", prefix, "--region", region)
        written = ("--template-file", str(template), "--use-json", "--output-template-file", str(packaged))
        _sam("package", *written, *location, "--no-progressbar")
        return packaged.read_text()


def _sam(command: str, *arguments: str, **environment: str) -> None:
    config = str(WORKFLOWS / "samconfig.toml")  # sam would look for it beside the built template
    sam = str(Path(sys.executable).with_name("sam"))
    _run(
        [sam, command, *arguments, "--config-file", config],
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
    """Run a command whose output is shown only if it fails."""
    ended = subprocess.run(  # noqa: S603 -- a fixed command
        command, cwd=cwd, env=env, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if ended.returncode:
        raise DeployError(
            f"{name} failed. Fix the cause and run this again: it continues from there. Its output ends "
            f"with:\n{ended.stdout.strip()[-3000:]}"
        )
