"""How the emulator starts MiniStack and Spark."""

import subprocess
import sys
from pathlib import Path

import pytest

from workflows.local.base.home import CHECKOUT
from workflows.local.ministack.emulator import IAM, ministack_environment, spark_layout
from workflows.local.ministack.options import EmulatorOptions


@pytest.fixture
def options(tmp_path: Path) -> EmulatorOptions:
    return EmulatorOptions(
        socket=0,
        scratch=tmp_path / "scratch",
        kept=tmp_path / "kept",
        logs=tmp_path / "logs",
        jobs=tmp_path / "deployed" / "jobs",
        python=sys.executable,
    )


def test_jobs_run_the_deployed_code_and_the_runtime_comes_from_the_checkout(
    options: EmulatorOptions,
) -> None:
    for package in ("jobs", "expectations"):
        (options.jobs.parent / package).mkdir(parents=True)
        (options.jobs.parent / package / "__init__.py").touch()

    layout = spark_layout(options, "http://127.0.0.1:1")

    program = (
        "import expectations as e, jobs as j, workflows as w; print(*e.__path__, *j.__path__, *w.__path__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=layout.code,
        env=layout.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code = options.jobs.parent
    assert ran.stdout.split() == [f"{code}/expectations", f"{code}/jobs", f"{CHECKOUT}/workflows"]


def test_ministack_listens_on_the_loopback_and_writes_into_the_folders_of_the_stack(
    options: EmulatorOptions, tmp_path: Path
) -> None:
    environment = ministack_environment(options, 4567)

    assert (environment["BIND_HOST"], environment["GATEWAY_PORT"]) == ("127.0.0.1", "4567")
    for name in ("S3_DATA_DIR", "STATE_DIR", "TMPDIR"):
        assert Path(environment[name]).is_relative_to(tmp_path)


def test_iam_is_enforced_unless_it_is_switched_off(
    options: EmulatorOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ministack_environment(options, 4567)["AUTH"] == "true"
    monkeypatch.setenv(IAM, "off")
    assert ministack_environment(options, 4567)["AUTH"] == "false"
