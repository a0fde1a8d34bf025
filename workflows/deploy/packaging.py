"""Builds what a deployment uploads: the jobs' wheel with their scripts, and the packages of the functions.

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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The wheels that run on Lambda's Amazon Linux 2023 (glibc 2.34).
PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
_BUILT: Final = ".aws-sam/deploy"  # separate from the local stack's packages, which are for this machine


@dataclass(frozen=True, slots=True)
class JobsCode:
    """The files that jobs start from: the content of each by name, and which of them is the wheel."""

    files: Mapping[str, bytes]
    wheel: str

    @property
    def prefix(self) -> str:
        """Where the files are in the bucket: a hash of their content is a part of it."""
        digest = hashlib.sha256()
        for name, content in self.files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return f"code/{digest.hexdigest()[:16]}"

    def address(self, bucket: str) -> str:
        """The value of the template's parameter `JobsWheel`."""
        return f"s3://{bucket}/{self.prefix}/{self.wheel}"


def build_jobs() -> JobsCode:
    """Build the wheel of the jobs. Raises DeployError."""
    with tempfile.TemporaryDirectory() as folder:
        _run([uv(), "build", "--wheel", "--quiet", "--out-dir", folder], "uv build", cwd=CHECKOUT)
        (wheel,) = Path(folder).glob("*.whl")
        scripts = [file for file in sorted((CHECKOUT / "jobs").glob("*.py")) if file.stem != "__init__"]
        return JobsCode({file.name: file.read_bytes() for file in (wheel, *scripts)}, wheel.name)


def upload_jobs(s3: Any, bucket: str, code: JobsCode) -> str:
    """Upload the jobs' code; the address of the wheel. Files that exist already are not uploaded again."""
    stored = s3.list_objects_v2(Bucket=bucket, Prefix=f"{code.prefix}/").get("KeyCount", 0)
    if stored < len(code.files):
        for name, content in code.files.items():
            s3.put_object(Bucket=bucket, Key=f"{code.prefix}/{name}", Body=content)
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
