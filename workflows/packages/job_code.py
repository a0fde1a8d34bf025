"""Writes what the Glue jobs of a stack are made of: each job's script, and its package beside it.

A package is a "zip of wheels": Glue unpacks it and lets pip install what its `requirements.txt` lists, from
the zip alone (`--python-modules-installer-option: --no-index`). It holds Glueline's wheel and the locked
packages of the job's dependency group, with all that those need, and nothing that only other jobs import.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile, ZipInfo

from packaging.utils import parse_wheel_filename

from workflows.packages.wheels import fetch, locked, run

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIX: Final = ".gluewheels.zip"  # Glue knows a zip of wheels by it
KEPT: Final = Path(".local/wheels")


def job_names(checkout: Path) -> list[str]:
    """The names of the jobs: each script in `jobs/` is one."""
    return sorted(script.stem for script in (checkout / "jobs").glob("*.py") if script.stem != "__init__")


def write_job_code(uv: str, checkout: Path, into: Path) -> list[Path]:
    """Write `<job>.py` and `<job>.gluewheels.zip` of each job; the paths.

    The same sources give the same bytes. Raises PackagingError.
    """
    written = []
    with tempfile.TemporaryDirectory() as folder:
        run([uv, "build", "--wheel", "--quiet", "--out-dir", folder], checkout)
        (glueline,) = Path(folder).glob("*.whl")
        fetched: dict[tuple[str, ...], list[Path]] = {}  # most jobs need the same packages
        for job in job_names(checkout):
            needed = locked(uv, checkout, f"job-{job}")
            if needed not in fetched:
                fetched[needed] = fetch(needed, checkout / KEPT, Path(folder) / job)
            package = into / f"{job}{SUFFIX}"
            _write_package(package, [glueline, *fetched[needed]])
            written += [Path(shutil.copy(checkout / "jobs" / f"{job}.py", into)), package]
    return written


def _write_package(package: Path, wheels: Iterable[Path]) -> None:
    """Zip the wheels with a list of their exact versions. The same wheels give the same bytes."""
    files = {wheel.name: wheel.read_bytes() for wheel in wheels}
    names = (parse_wheel_filename(name)[:2] for name in files)
    files["requirements.txt"] = "".join(sorted(f"{name}=={version}\n" for name, version in names)).encode()
    with ZipFile(package, "w") as archive:  # without compression: wheels are compressed
        for name in sorted(files):
            entry = ZipInfo(f"wheels/{name}")
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
