"""Each built Lambda package needs only its own content and the standard library."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from expectations.contract import load_compiled
from expectations.odcs import load_contracts
from tests.lambdas.packages import FUNCTIONS, build
from workflows.local.base.home import CHECKOUT

# Prints every imported module with its file.
IMPORT_HANDLER: Final = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module = importlib.import_module(f"lambdas.{sys.argv[2]}.app")
assert callable(module.handler)
print(json.dumps({name: getattr(m, "__file__", None) for name, m in sys.modules.items()}))
"""
pytestmark = [pytest.mark.long, pytest.mark.xdist_group("packages of functions")]  # which are built once
each_package = pytest.mark.parametrize(
    ("target", "function"), FUNCTIONS.items(), ids=list(FUNCTIONS.values())
)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four packages, built as by `sam build`."""
    folder = tmp_path_factory.mktemp("packages")
    build(folder)
    return folder


@each_package
def test_a_package_can_be_imported_by_itself(packages: Path, target: str, function: str) -> None:
    package = packages / target
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT_HANDLER, str(package), function],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    files = {name: Path(file) for name, file in json.loads(ended.stdout).items() if file}
    homes = (package, Path(os.__file__).parent)
    strays = {name: file for name, file in files.items() if not any(home in file.parents for home in homes)}

    assert not strays
    assert files[f"lambdas.{function}.app"].is_relative_to(package)


@each_package
def test_a_package_contains_only_its_own_function(packages: Path, target: str, function: str) -> None:
    package = packages / target
    folders = {path.name for path in (package / "lambdas").iterdir() if path.is_dir()}

    assert folders == {function}
    assert not [*package.rglob("__pycache__"), *package.rglob("test_*.py"), *package.rglob("*.yaml")]
    assert not (package / "expectations" / "odcs").exists()


@each_package
def test_a_package_has_the_contracts_compiled(packages: Path, target: str, function: str) -> None:
    assert load_compiled(packages / target / "contracts.json") == load_contracts()


@each_package
def test_a_package_contains_only_the_service_models_that_its_code_uses(
    packages: Path, target: str, function: str
) -> None:
    models = packages / target / "botocore" / "data"
    kept = {path.name for path in models.iterdir() if path.is_dir()} if models.is_dir() else set()

    assert kept == services(function)


@cache
def services(function: str) -> set[str]:
    """The AWS services for which the code of a function creates clients."""
    code = "".join(path.read_text() for path in (CHECKOUT / "lambdas" / function).glob("*.py"))
    return set(re.findall(r'\.client\(\s*"([\w-]+)"', code))
