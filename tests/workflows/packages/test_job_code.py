"""A job's package has what the job imports and no more, and installs beside what Glue has, without index."""

from __future__ import annotations

import platform
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.workflows.packages.imports import ROOT, imported_by
from workflows.deploy.packaging import uv
from workflows.packages.job_code import SUFFIX, job_names, write_job_code
from workflows.packages.wheels import PLATFORMS, locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("packages of jobs")]  # which are built once
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GLUE_6 = Path(__file__).with_name("glue-6.0.txt")
# aws-sam-cli and ministack each pin a newer boto3 than Glue has; only what is installed below is Glue's.
NEWER_THAN_GLUE = {"boto3", "botocore", "s3transfer"}
JOBS = job_names(ROOT)
each_job = pytest.mark.parametrize("job", JOBS)
# Installing takes seconds. `check` has packages that no other job has, and what Glue has is imported by all.
each_installed_job = pytest.mark.parametrize(
    "job", [pytest.param(job, marks=[] if job in ("check", "merge") else pytest.mark.deep) for job in JOBS]
)


def versions(requirements: Iterable[str]) -> dict[str, str]:
    """The version of each package of `name==version` lines, with or without hashes."""
    pairs = (line.split(" ")[0].strip().split("==") for line in requirements if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


@cache
def locked_versions(group: str) -> dict[str, str]:
    """The packages of a dependency group, with all that they need."""
    return versions(locked(uv(), ROOT, group))


def declared(group: str) -> set[str]:
    """The packages that a dependency group names, itself or by a group that it includes."""
    entries = PROJECT["dependency-groups"][group]
    included = (declared(entry["include-group"]) for entry in entries if isinstance(entry, dict))
    named = {canonicalize_name(Requirement(entry).name) for entry in entries if isinstance(entry, str)}
    return named.union(*included)


def packages_of(modules: Iterable[str]) -> set[str]:
    """The packages that these modules come from."""
    found = packages_distributions()
    tops = {name.partition(".")[0] for name in modules}
    return {canonicalize_name(package) for top in tops for package in found.get(top, [top])}


# ---- what a package has ------------------------------------------------------------------------------------


def test_glueline_itself_needs_no_package() -> None:
    """What it needed, every job would install: a package belongs to a group."""
    assert PROJECT["project"]["dependencies"] == []


@each_job
def test_a_job_carries_what_it_imports_beyond_what_glue_has(job: str) -> None:
    _, others = imported_by(ROOT / "jobs" / f"{job}.py")
    imported = packages_of(others)
    carried, in_glue = locked_versions(f"job-{job}").keys(), locked_versions("glue").keys()

    assert imported <= carried | in_glue, f"add it to the group job-{job} of pyproject.toml"
    assert declared(f"job-{job}") <= imported, f"take it out of the group job-{job} of pyproject.toml"


def test_only_jobs_that_check_carry_great_expectations() -> None:
    assert [job for job in JOBS if "great-expectations" in locked_versions(f"job-{job}")] == [
        "check",
        "follow",
    ]


@pytest.mark.parametrize("group", ["glue", *(f"job-{job}" for job in JOBS)])
def test_what_glue_has_too_is_tested_in_glues_version(group: str) -> None:
    in_glue = versions(GLUE_6.read_text().splitlines())
    ours = {name: version for name, version in locked_versions(group).items() if name not in NEWER_THAN_GLUE}

    assert {name: in_glue[name] for name in ours if name in in_glue} == {
        name: version for name, version in ours.items() if name in in_glue
    }, "pin it in the group glue of pyproject.toml"


# ---- the files ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    write_job_code(uv(), ROOT, folder)
    return folder


def test_each_job_has_its_script_and_its_package(code: Path) -> None:
    assert {file.name for file in code.iterdir()} == {
        name for job in JOBS for name in (f"{job}.py", f"{job}{SUFFIX}")
    }
    assert (code / "check.py").read_bytes() == (ROOT / "jobs" / "check.py").read_bytes()


@each_job
def test_a_package_lists_exact_versions_of_wheels_that_run_on_glue(code: Path, job: str) -> None:
    with ZipFile(code / f"{job}{SUFFIX}") as package:
        wheels = [Path(name).name for name in package.namelist() if name.endswith(".whl")]
        listed = versions(package.read("wheels/requirements.txt").decode().splitlines())
    parsed = {name: (str(version), tags) for name, version, _, tags in map(parse_wheel_filename, wheels)}
    fitting = {*PLATFORMS, "any"}

    assert listed == locked_versions(f"job-{job}") | {"glueline": PROJECT["project"]["version"]}
    assert listed == {name: version for name, (version, _) in parsed.items()}
    assert [name for name, (_, tags) in parsed.items() if not {tag.platform for tag in tags} & fitting] == []


@pytest.mark.deep
def test_the_same_sources_give_the_same_bytes(code: Path, tmp_path: Path) -> None:
    again = write_job_code(uv(), ROOT, tmp_path)

    assert [file.name for file in again if file.read_bytes() != (code / file.name).read_bytes()] == []


# ---- installed beside what Glue has ------------------------------------------------------------------------

# These run in the environment of a job. Importing the script does not run the job.
IMPORT_ALL = """
import importlib, runpy, sys, time

begun = time.perf_counter()
runpy.run_path(sys.argv[1], run_name="imported")
print(f"imported in {time.perf_counter() - begun:.2f} s")
for name in sys.argv[2:]:
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        getattr(importlib.import_module(module), attribute)
"""
runs_wheels_of_glue = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="Glue's wheels run on Linux on x86_64"
)


def environment(folder: Path) -> tuple[Path, Path]:
    """A new, empty environment: its Python, and the folder of its packages."""
    output([uv(), "venv", "--quiet", "--no-config", "--python", sys.executable, str(folder)])
    return folder / "bin" / "python", next(folder.glob("lib/*/site-packages"))


@pytest.fixture(scope="module")
def in_glue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the packages of Glue that jobs or their packages import, in Glue's versions."""
    python, packages = environment(tmp_path_factory.mktemp("glue") / "venv")
    glue = versions(GLUE_6.read_text().splitlines())
    needed = {"pip": "", **locked_versions("glue"), **locked_versions("job-check")}
    has = [f"{name}=={glue[name]}" for name in needed if name in glue]
    has += [f"{name}=={needed[name]}" for name in ("awsgluedataplanepython", "py4j", "pyspark")]
    output([uv(), "pip", "install", "--quiet", "--no-config", "--no-deps", "--python", str(python), *has])
    return packages


@pytest.fixture(scope="module")
def installed(
    code: Path, in_glue: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, str]]:
    """The Python of an environment with a job's package beside what Glue has, and what pip printed."""

    @cache
    def install(package: bytes) -> tuple[Path, str]:
        folder = tmp_path_factory.mktemp("job")
        python, packages = environment(folder / "venv")
        (packages / "glue.pth").write_text(str(in_glue))
        with ZipFile(BytesIO(package)) as zipped:
            zipped.extractall(folder)
        pip = [
            str(python),
            "-m",
            "pip",
            "install",
            "--no-compile",
            "--no-index",
            "--find-links",
            str(folder / "wheels"),
        ]
        printed = output([*pip, "--requirement", str(folder / "wheels" / "requirements.txt")])
        return python, printed

    return lambda job: install((code / f"{job}{SUFFIX}").read_bytes())


def output(command: list[str]) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@runs_wheels_of_glue
@each_installed_job
def test_a_package_replaces_nothing_that_glue_has(
    installed: Callable[[str], tuple[Path, str]], job: str
) -> None:
    _, printed = installed(job)

    assert "Successfully installed" in printed
    assert "uninstall" not in printed


@runs_wheels_of_glue
@each_installed_job
def test_a_job_starts_beside_what_glue_has(
    code: Path, installed: Callable[[str], tuple[Path, str]], job: str, capsys: pytest.CaptureFixture[str]
) -> None:
    python, _ = installed(job)
    ours, others = imported_by(ROOT / "jobs" / f"{job}.py")

    printed = output([str(python), "-I", "-c", IMPORT_ALL, str(code / f"{job}.py"), *sorted(ours | others)])

    with capsys.disabled():
        print(f"\n{job}: {printed.strip()}")
