"""The code of jobs in the folder of a stack: copied, replaced as a whole, or left as it was."""

from pathlib import Path

import pytest

from workflows.local.base.home import Home
from workflows.local.lifecycle.deployed_code import copy_code, remember_contracts, replaced_code
from workflows.local.lifecycle.deployment import Deployment


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def deployment(tmp_path: Path, home: Home) -> Deployment:
    """A deployment whose code has been copied."""
    for file in ("jobs/check.py", "jobs/__pycache__/check.pyc", "expectations/things.yaml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("one")
    made = Deployment(
        tmp_path / "template.yaml", "none", {}, (), tmp_path / "jobs", packages=(tmp_path / "expectations",)
    )
    copy_code(made, home)
    return made


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def edit(tmp_path: Path) -> None:
    (tmp_path / "expectations" / "things.yaml").write_text("two")
    (tmp_path / "jobs" / "check.py").unlink()
    (tmp_path / "jobs" / "merge.py").write_text("one")


ONE = {"jobs/check.py": "one", "expectations/things.yaml": "one"}
TWO = {"jobs/merge.py": "one", "expectations/things.yaml": "two"}


def test_the_code_stays_as_it_was_deployed(deployment: Deployment, home: Home, tmp_path: Path) -> None:
    edit(tmp_path)

    assert contents(home.deployed) == ONE


def test_new_code_replaces_the_old_and_nothing_else_is_left(
    deployment: Deployment, home: Home, tmp_path: Path
) -> None:
    edit(tmp_path)

    with replaced_code(deployment, home):
        assert contents(home.deployed) == TWO

    assert contents(home.deployed) == TWO
    assert [folder.name for folder in home.folder.iterdir()] == ["deployed"]


def test_a_deployment_that_fails_leaves_the_old_code(
    deployment: Deployment, home: Home, tmp_path: Path
) -> None:
    edit(tmp_path)

    with pytest.raises(KeyboardInterrupt), replaced_code(deployment, home):
        raise KeyboardInterrupt

    assert contents(home.deployed) == ONE
    assert [folder.name for folder in home.folder.iterdir()] == ["deployed"]


def test_what_a_killed_deployment_left_is_no_part_of_the_next(
    deployment: Deployment, home: Home, tmp_path: Path
) -> None:
    for name in ("deployed.new", "deployed.old"):
        (home.folder / name / "jobs").mkdir(parents=True)
        (home.folder / name / "jobs" / "half.py").touch()
    edit(tmp_path)

    with replaced_code(deployment, home):
        pass

    assert contents(home.deployed) == TWO


def test_a_removed_contract_is_still_known(deployment: Deployment, home: Home, tmp_path: Path) -> None:
    remember_contracts(deployment, home)
    (tmp_path / "expectations" / "things.yaml").rename(tmp_path / "expectations" / "others.yaml")
    with replaced_code(deployment, home):
        remember_contracts(deployment, home)

    assert contents(home.known_contracts) == {"things.yaml": "one", "others.yaml": "one"}


def test_a_stack_that_starts_without_data_knows_no_contract(deployment: Deployment, home: Home) -> None:
    remember_contracts(deployment, home)

    copy_code(deployment, home)

    assert not home.known_contracts.exists()
