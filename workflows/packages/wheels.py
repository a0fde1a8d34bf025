"""Wheels for the workers of AWS Glue, in the versions and with the hashes of `uv.lock`.

Glue 6.0 runs CPython 3.13 on Amazon Linux 2023, whose glibc is 2.34, on x86_64
(https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html, "AWS Glue environment
details"). uv installs wheels but does not save them, so pip, which `sam build` needs anyway, fetches them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

from expectations.problems import GluelineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PYTHON: Final = "3.13"
NEWEST_GLIBC: Final = 34
OLDEST_GLIBC: Final = 17  # wheels of this one are also named manylinux2014
PLATFORMS: Final = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)),
    "manylinux2014_x86_64",
)
# What markers see on a worker. pip would evaluate them for this machine.
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
}


class PackagingError(GluelineError):
    """Raised when the packages of the jobs can't be built; the message says what to do."""


def locked(uv: str, checkout: Path, group: str) -> tuple[str, ...]:
    """The requirements that a dependency group locks for a worker, each `name==version` with its hashes."""
    export = run(
        [uv, "export", "--quiet", "--frozen", "--no-header", "--no-annotate", "--only-group", group], checkout
    )
    entries = (line.split(" --hash=") for line in export.replace("\\\n", " ").splitlines())
    needed = ((Requirement(entry), hashes) for entry, *hashes in entries)
    return tuple(
        " ".join((f"{requirement.name}{requirement.specifier}", *(f"--hash={one.strip()}" for one in hashes)))
        for requirement, hashes in needed
        if not requirement.marker or requirement.marker.evaluate(dict(_ENVIRONMENT))
    )


def fetch(requirements: Sequence[str], kept: Path, into: Path) -> list[Path]:
    """Put the wheels of locked requirements into a folder; those that are not kept yet come from the index.

    Raises PackagingError, also if a package has no wheel that runs on a worker.
    """
    if not requirements:
        return []
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        listed, new = Path(folder) / "requirements.txt", Path(folder) / "new"
        listed.write_text("\n".join(requirements))
        offline = ["--no-index", "--find-links", str(kept), "--dest", str(into)]
        try:
            _download(listed, offline)
        except PackagingError:  # not all of them are kept
            _download(listed, ["--dest", str(new)])
            for wheel in new.iterdir():
                wheel.replace(kept / wheel.name)  # whole or not at all, whoever else reads the folder
            _download(listed, offline)
    return sorted(into.glob("*.whl"))


def _download(requirements: Path, options: Sequence[str]) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    pip += ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    pip += ["--implementation", "cp", "--python-version", PYTHON]
    pip += [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    run([*pip, *options, "--requirement", str(requirements)], requirements.parent)


def run(command: Sequence[str], folder: Path) -> str:
    """What a command prints. Raises PackagingError with its errors if it fails."""
    ended = subprocess.run(  # noqa: S603 -- uv and pip, with arguments of ours
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        name = " ".join(Path(part).name for part in command[:4])
        raise PackagingError(
            f"{name} … failed:\n{ended.stderr.strip()}\n"
            "The packages of the jobs come from your package index, in the versions of uv.lock and as wheels "
            "for Linux on x86_64. Fix the cause and run this again."
        )
    return ended.stdout
