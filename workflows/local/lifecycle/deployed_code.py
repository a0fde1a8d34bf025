"""The code of jobs and the contracts in the folder of a stack, as `make deploy` has them in a bucket."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workflows.local.base.home import Home
from workflows.local.lifecycle.deployment import Deployment


def copy_code(deployment: Deployment, home: Home) -> None:
    """Copy the code for a stack that starts without data. What an earlier stack had is removed."""
    shutil.rmtree(home.deployed, ignore_errors=True)
    _copy(deployment, home.deployed)


@contextmanager
def replaced_code(deployment: Deployment, home: Home) -> Iterator[None]:
    """Replace the code of a stack; if the block raises, the code is again what it was.

    Each package is replaced at once, so that what reads it meanwhile finds either all of the old files or all
    of the new ones.
    """
    new, old = (home.deployed.with_name(f"{home.deployed.name}.{what}") for what in ("new", "old"))
    for folder in (new, old):
        shutil.rmtree(folder, ignore_errors=True)
    _copy(deployment, new)
    old.mkdir()
    names = [package.name for package in deployment.code]
    try:
        for name in names:
            _move(home.deployed / name, old / name)
            _move(new / name, home.deployed / name)
        yield
    except BaseException:
        for name in names:
            if (old / name).exists():
                shutil.rmtree(home.deployed / name, ignore_errors=True)
                _move(old / name, home.deployed / name)
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def remember_contracts(deployment: Deployment, home: Home) -> None:
    """Keep a copy of each contract after its deployment, which stays when the contract is removed."""
    home.known_contracts.mkdir(parents=True, exist_ok=True)
    for contract in deployment.contracts:
        shutil.copy2(home.deployed / contract.parent.name / contract.name, home.known_contracts)


def _copy(deployment: Deployment, folder: Path) -> None:
    for package in deployment.code:
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.rename(target)
