"""When packages are built, and which parts of a deployment depend on which files."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle import deployment as module
from workflows.local.lifecycle.deployment import Deployment, build
from workflows.local.lifecycle.parts import Changes


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


def test_stacks_in_two_folders_share_the_packages_of_their_checkout(
    tmp_path: Path, deployment: Deployment, builds: list[list[str]]
) -> None:
    with ThreadPoolExecutor() as pool:
        built = list(pool.map(partial(build, deployment), (Home(tmp_path / "one"), Home(tmp_path / "two"))))

    assert sorted(built) == [False, True]
    assert len(builds) == 1


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


@pytest.fixture
def whole(tmp_path: Path) -> Deployment:
    """A deployment with two functions, two jobs and two datasets."""
    files = (
        *("lambdas/shared.py", "lambdas/source/app.py", "lambdas/api/app.py", "jobs/__init__.py"),
        *("jobs/check.py", "jobs/merge.py", "jobs/lake/names.py"),
        *("expectations/align.py", "expectations/products.yaml", "expectations/households.yaml"),
        *("workflows/template.yaml", "workflows/samconfig.toml", "workflows/local/runner.py"),
    )
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("one")
    return Deployment(
        template=tmp_path / "workflows" / "template.yaml",
        stack_name="whole",
        parameters={"Datasets": "households,products", "Window": "2"},
        sources=(tmp_path / "lambdas", tmp_path / "expectations"),
        jobs=tmp_path / "jobs",
        packages=(tmp_path / "expectations",),
        runtime=(tmp_path / "workflows" / "local",),
        growing=("Datasets",),
    )


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("expectations/products.yaml", {"products"}),
        ("lambdas/source/app.py", {"source"}),
        ("lambdas/source/new.py", {"source"}),
        ("lambdas/shared.py", {"source", "api"}),
        ("jobs/check.py", {"check"}),
        ("jobs/lake/names.py", {"check", "merge"}),
        ("expectations/align.py", {"source", "api", "check", "merge"}),
        ("workflows/template.yaml", {"template"}),
        ("workflows/samconfig.toml", {"template"}),
        ("workflows/local/runner.py", {"runtime"}),
        ("jobs/__pycache__/check.pyc", set()),
    ],
)
def test_a_changed_file_changes_the_parts_that_depend_on_it(
    file: str, changed: set[str], whole: Deployment, tmp_path: Path
) -> None:
    before = whole.parts()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("two")

    after = Changes.between(before, whole.parts())

    names = {*after.datasets.changed, *after.functions.changed, *after.jobs.changed}
    names |= {"template"} if after.template else set()
    assert names | ({"runtime"} if after.runtime else set()) == changed


def test_another_checkout_of_the_same_files_has_the_same_parts(whole: Deployment, tmp_path: Path) -> None:
    parts = whole.parts()
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    paths = ("template", "jobs")
    several = ("sources", "packages", "runtime")

    def there(path: Path) -> Path:
        return moved / path.relative_to(tmp_path)

    changed = {name: there(getattr(whole, name)) for name in paths}
    changed |= {name: tuple(map(there, getattr(whole, name))) for name in several}  # type: ignore[misc]

    assert replace(whole, **changed).parts() == parts  # type: ignore[arg-type]


def test_a_new_dataset_changes_no_part_but_itself(whole: Deployment, tmp_path: Path) -> None:
    before = whole.parts()
    (tmp_path / "expectations" / "notes.yaml").write_text("one")
    more = replace(whole, parameters={**whole.parameters, "Datasets": "households,notes,products"})

    after = Changes.between(before, more.parts())

    assert after.datasets.new == ("notes",)
    assert after.functions.is_empty
    assert after.jobs.is_empty
    assert not after.template


def test_a_changed_setting_changes_the_template(whole: Deployment) -> None:
    other = replace(whole, parameters={**whole.parameters, "Window": "3"})

    assert Changes.between(whole.parts(), other.parts()).template


def test_a_list_of_a_stack_with_data_loses_no_member(whole: Deployment) -> None:
    current = {"Datasets": "notes,products", "Window": "60"}

    assert whole.growing_from(current).parameters == {"Datasets": "households,notes,products", "Window": "2"}
    assert whole.growing_from({}) == whole


def test_the_files_to_watch_are_all_whose_changes_can_be_deployed(whole: Deployment, tmp_path: Path) -> None:
    names = {file.relative_to(tmp_path).as_posix() for file in whole.files()}

    assert {"jobs/lake/names.py", "lambdas/api/app.py", "expectations/products.yaml"} < names
    assert {"workflows/template.yaml", "workflows/samconfig.toml"} < names
    assert "workflows/local/runner.py" not in names


def test_what_stands_for_no_table_is_no_table_beside_others(whole: Deployment) -> None:
    none = replace(whole, parameters={"Datasets": "X"})

    assert none.growing_from({"Datasets": "products"}).parameters["Datasets"] == "products"
    assert none.growing_from({"Datasets": "X"}).parameters["Datasets"] == "X"
    assert none.growing_from({}).parameters["Datasets"] == "X"
