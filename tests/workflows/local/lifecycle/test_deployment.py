"""When packages are built, and which code of jobs is deployed."""

from dataclasses import replace
from pathlib import Path

import pytest

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle import deployment as module
from workflows.local.lifecycle.deployment import Deployment, build


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    (tmp_path / "lambdas" / "source").mkdir(parents=True)
    (tmp_path / "lambdas" / "source" / "app.py").write_text("one")
    (tmp_path / "lambdas" / "Makefile").write_text("build:")
    (tmp_path / "uv.lock").write_text("locked")
    (tmp_path / "template.yaml").write_text("Resources: {}")
    return Deployment(
        template=tmp_path / "template.yaml",
        stack_name="small",
        parameters={"Datasets": "a,b"},
        sources=(tmp_path / "lambdas", tmp_path / "uv.lock"),
        jobs=tmp_path / "jobs",
    )


@pytest.fixture
def builds(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The sam commands that were run; each writes a built template, as sam does."""
    commands: list[list[str]] = []

    def sam(deployment: Deployment, home: Home, arguments: list[str]) -> None:
        commands.append(arguments)
        deployment.built_template.parent.mkdir(parents=True, exist_ok=True)
        deployment.built_template.touch()

    monkeypatch.setattr(module, "_sam", sam)
    return commands


@pytest.mark.parametrize("change", ["source", "makefile", "lock", "template", "new file", "gone file"])
def test_a_change_of_any_source_of_the_packages_changes_the_digest(
    change: str, deployment: Deployment
) -> None:
    before, folder = deployment.digest(), deployment.template.parent
    match change:
        case "source":
            (folder / "lambdas" / "source" / "app.py").write_text("two")
        case "makefile":
            (folder / "lambdas" / "Makefile").write_text("build: all")
        case "lock":
            (folder / "uv.lock").write_text("other")
        case "template":
            deployment.template.write_text("Resources: {A: {}}")
        case "new file":
            (folder / "lambdas" / "new.py").touch()
        case "gone file":
            (folder / "lambdas" / "source" / "app.py").unlink()

    assert deployment.digest() != before


def test_files_that_python_writes_do_not_change_the_digest(deployment: Deployment) -> None:
    before = deployment.digest()
    (deployment.template.parent / "lambdas" / "__pycache__").mkdir()
    (deployment.template.parent / "lambdas" / "__pycache__" / "app.cpython-313.pyc").touch()

    assert deployment.digest() == before


def test_packages_are_built_once_and_again_when_something_changed(
    tmp_path: Path, deployment: Deployment, builds: list[list[str]]
) -> None:
    home = Home(tmp_path)

    assert build(deployment, home)
    assert not build(deployment, home)

    (tmp_path / "uv.lock").write_text("other")
    assert build(deployment, home)
    assert len(builds) == 2


def test_packages_are_built_again_after_a_build_that_failed(
    tmp_path: Path, deployment: Deployment, builds: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    build(deployment, home)
    (tmp_path / "uv.lock").write_text("other")

    def fail(*_: object) -> None:
        raise StackError("sam build failed")

    with monkeypatch.context() as broken:
        broken.setattr(module, "_sam", fail)
        with pytest.raises(StackError):
            build(deployment, home)
    (tmp_path / "uv.lock").write_text("locked")

    assert build(deployment, home)


def test_the_code_of_jobs_stays_as_it_was_deployed(deployment: Deployment, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    expectations = tmp_path / "expectations"
    deployment = replace(deployment, packages=(expectations,))
    for file in ("jobs/check.py", "jobs/__pycache__/check.pyc", "expectations/things.yaml"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("one")
    deployment.copy_jobs(home)
    assert deployment.changed_since(home) == ()

    (expectations / "things.yaml").write_text("two")
    (tmp_path / "jobs" / "check.py").unlink()
    (tmp_path / "jobs" / "merge.py").write_text("one")

    assert (home.deployed / "expectations" / "things.yaml").read_text() == "one"
    assert sorted(file.name for file in (home.deployed / "jobs").iterdir()) == ["check.py"]
    assert deployment.changed_since(home) == ("expectations/things.yaml", "jobs/check.py", "jobs/merge.py")

    deployment.copy_jobs(home)

    assert deployment.changed_since(home) == ()
    assert not (home.deployed / "jobs" / "check.py").exists()
