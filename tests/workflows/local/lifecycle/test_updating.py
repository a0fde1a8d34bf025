"""An update of a running stack, whose CloudFormation, hold and SAM are doubles that note what happens.

`test_small_stack.py` updates a real one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expectations.problems import GluelineError
from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle import updating
from workflows.local.lifecycle.deployed_code import copy_code
from workflows.local.lifecycle.deployment import Deployment
from workflows.local.lifecycle.parts import Parts
from workflows.local.lifecycle.running import Stack
from workflows.local.lifecycle.updating import follow_kept_data, update

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STACK = Stack("http://127.0.0.1:1", "us-east-1", {"Url": "old"}, 1, "2026-11-24T12:00:00")


class Doubles:
    """What the update asked for, in order, and how the double of CloudFormation ends it."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.failure: BaseException | None = None
        self.after_failure = ("UPDATE_ROLLBACK_COMPLETE", "reached")
        self.status, self.at = "CREATE_COMPLETE", "begin"
        self.parameters: dict[str, str] = {}

    def deploy(self, deployment: Deployment, home: Home, endpoint: str, *, roll_back: bool) -> dict[str, str]:
        assert roll_back
        code = (home.deployed / "jobs" / "check.py").read_text()
        self.happened.append(f"deploy {deployment.parameters['Datasets']} with jobs {code}")
        assert not home.parts_file.exists()
        if self.failure is not None:
            self.status, self.at = self.after_failure
            raise self.failure
        return {"Url": "new"}

    @contextmanager
    def held(self, endpoint: str, report: object) -> Iterator[None]:
        self.happened.append("hold")
        yield
        self.happened.append("release")

    def stack(self, endpoint: str, name: str) -> DoubleStack:
        return DoubleStack(self)


class DoubleStack:
    def __init__(self, doubles: Doubles) -> None:
        self._doubles = doubles

    def settle(self) -> str:
        return self._doubles.status

    def last_update(self) -> str:
        return self._doubles.at

    def failure(self) -> str:
        return "Tablepayments: no room"

    def parameters(self) -> dict[str, str]:
        return self._doubles.parameters

    def outputs(self) -> dict[str, str]:
        return STACK.outputs


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> Doubles:
    made = Doubles()
    monkeypatch.setattr(updating, "build", lambda deployment, home: made.happened.append("build"))
    monkeypatch.setattr(updating, "deploy", made.deploy)
    monkeypatch.setattr(updating, "held_jobs", made.held)
    monkeypatch.setattr(updating, "DeployedStack", made.stack)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.logs.mkdir(parents=True)
    return made


@pytest.fixture
def deployment(tmp_path: Path, home: Home) -> Deployment:
    """A deployment that was deployed."""
    for file in ("lambdas/source/app.py", "jobs/check.py", "expectations/things.yaml", "template.yaml"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("one")
    made = Deployment(
        template=tmp_path / "template.yaml",
        stack_name="none",
        parameters={"Datasets": "things"},
        sources=(tmp_path / "lambdas", tmp_path / "expectations"),
        jobs=tmp_path / "jobs",
        packages=(tmp_path / "expectations",),
        growing=("Datasets",),
    )
    copy_code(made, home)
    made.parts().write(home)
    return made


def edit(tmp_path: Path, *files: str) -> None:
    for file in files:
        (tmp_path / file).write_text("two")


def run(home: Home, deployment: Deployment, said: list[str] | None = None) -> Stack:
    return update(STACK, home, deployment, (said if said is not None else []).append)


def test_without_a_change_nothing_happens(doubles: Doubles, home: Home, deployment: Deployment) -> None:
    def fail() -> None:
        raise AssertionError("contracts were read")

    updated = run(home, replace(deployment, check=fail))

    assert updated.notice.startswith("Nothing has changed")
    assert doubles.happened == []


def test_a_changed_contract_is_deployed_while_the_jobs_are_held(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    edit(tmp_path, "expectations/things.yaml", "jobs/check.py")

    updated = run(home, replace(deployment, compare=lambda _: {"things": ["adds size string"]}))

    assert doubles.happened == ["build", "hold", "deploy things with jobs two", "release"]
    assert "  things: adds size string" in updated.notice.splitlines()
    assert Stack.from_json(home.stack_file.read_text()).outputs == {"Url": "new"}
    assert (home.known_contracts / "things.yaml").read_text() == "two"
    assert run(home, deployment).notice.startswith("Nothing has changed")


def test_jobs_alone_need_no_template(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    edit(tmp_path, "jobs/check.py")

    updated = run(home, deployment)

    assert doubles.happened == ["hold", "release"]
    assert (home.deployed / "jobs" / "check.py").read_text() == "two"
    assert updated.outputs == STACK.outputs


def test_what_the_data_cannot_follow_is_refused_before_anything_changes(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    def refuse(_: object) -> dict[str, list[str]]:
        raise GluelineError("things: column name: expected string, got date")

    edit(tmp_path, "expectations/things.yaml", "jobs/check.py")
    before = Parts.read(home)

    with pytest.raises(StackError, match=r"got date\nNothing was deployed, and the stack runs as before"):
        run(home, replace(deployment, compare=refuse))
    assert doubles.happened == []
    assert (home.deployed / "jobs" / "check.py").read_text() == "one"
    assert Parts.read(home) == before


def test_a_removed_dataset_stays_in_the_template(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    doubles.parameters = {"Datasets": "notes,things"}
    edit(tmp_path, "expectations/things.yaml")

    run(home, deployment)

    assert doubles.happened[2] == "deploy notes,things with jobs one"


def test_a_failed_deployment_leaves_the_stack_as_it_was_and_the_next_is_whole(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    doubles.failure = StackError("sam deploy failed")
    edit(tmp_path, "expectations/things.yaml", "jobs/check.py")
    before = Parts.read(home)

    with pytest.raises(StackError) as failed:
        run(home, deployment)
    assert str(failed.value) == (
        "The deployment failed: Tablepayments: no room\n"
        "Nothing of it is deployed, and the stack runs as before."
    )
    assert (home.deployed / "jobs" / "check.py").read_text() == "one"
    assert Parts.read(home) == before

    doubles.failure = None
    assert "changed things" in run(home, deployment).notice


def test_a_deployment_that_fails_before_it_reaches_cloudformation_has_its_own_reason(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    doubles.failure, doubles.after_failure = (
        StackError("sam deploy failed: no room"),
        ("CREATE_COMPLETE", "begin"),
    )
    edit(tmp_path, "expectations/things.yaml")

    with pytest.raises(StackError, match="The deployment failed: sam deploy failed: no room\nNothing of it"):
        run(home, deployment)


def test_files_that_are_edited_after_they_were_checked_are_not_deployed(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    def save_again(_: object) -> dict[str, list[str]]:
        (tmp_path / "expectations" / "things.yaml").write_text("three")
        return {}

    edit(tmp_path, "expectations/things.yaml")

    with pytest.raises(StackError, match="files were edited during the deployment"):
        run(home, replace(deployment, compare=save_again))
    assert (home.deployed / "expectations" / "things.yaml").read_text() == "one"
    assert "changed things" in run(home, deployment).notice


def test_an_interrupted_deployment_that_cannot_be_undone_is_repeated_as_a_whole(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    doubles.failure, doubles.after_failure = KeyboardInterrupt(), ("UPDATE_COMPLETE", "reached")
    edit(tmp_path, "expectations/things.yaml")
    said: list[str] = []

    with pytest.raises(KeyboardInterrupt):
        run(home, deployment, said)
    assert said[-1].startswith("It is half deployed: the template is UPDATE_COMPLETE")
    assert Parts.read(home) is None

    doubles.failure = None
    assert "new things" in run(home, deployment).notice


def test_a_stack_that_runs_an_older_runtime_says_so_each_time(
    doubles: Doubles, home: Home, deployment: Deployment, tmp_path: Path
) -> None:
    runtime = replace(deployment, runtime=(tmp_path / "template.yaml",), template=tmp_path / "other.yaml")
    runtime.parts().write(home)
    edit(tmp_path, "template.yaml", "jobs/check.py")

    for notice in (run(home, runtime).notice, run(home, runtime).notice):
        assert "The local runtime itself has changed" in notice


def test_kept_data_is_compared_before_the_template_and_keeps_its_datasets(
    doubles: Doubles, deployment: Deployment
) -> None:
    doubles.parameters = {"Datasets": "notes"}

    assert follow_kept_data(deployment, STACK.endpoint_url).parameters["Datasets"] == "notes,things"


def test_kept_data_that_cannot_follow_stays_kept(doubles: Doubles, deployment: Deployment) -> None:
    def refuse(_: object) -> dict[str, list[str]]:
        raise GluelineError("no")

    with pytest.raises(StackError, match=r"no\nThe stack was not started, and its data stays kept"):
        follow_kept_data(replace(deployment, compare=refuse), STACK.endpoint_url)
