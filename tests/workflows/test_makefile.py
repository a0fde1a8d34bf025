"""What the targets of the Makefile run."""

import subprocess

import pytest

from tests.conftest import SPARK_TESTS
from workflows.local.base.home import CHECKOUT


def commands(target: str, *variables: str) -> str:
    """What make would run, if nothing were set up."""
    arguments = ["make", "--dry-run", "--always-make", "--no-print-directory", target, *variables]
    return subprocess.run(arguments, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


def test_setting_up_for_a_deployment_fetches_no_jdk_no_jars_and_no_embedded_aws() -> None:
    deploying, running = commands("deploy"), commands("run")

    for part in ("workflows.local.base.java", "workflows.local.base.jars", "emulator-env"):
        assert part not in deploying
        assert part in running


def test_arguments_reach_the_command() -> None:
    last = commands("deploy", 'ARGS=--plan --set AlertEmail="a b@c.d"').splitlines()[-1]

    assert last.endswith('glueline deploy --plan --set AlertEmail="a b@c.d"')


@pytest.mark.xdist_group("a group")
def test_make_test_runs_the_tests_of_a_group_in_one_process(request: pytest.FixtureRequest) -> None:
    """pytest-xdist reads the group from the end of a test's id, where pytest 9.2 does not keep it."""
    is_worker_of_groups = getattr(request.config.option, "loadgroup", False)

    assert request.node.nodeid.endswith("@a group") == is_worker_of_groups


def test_the_stage_of_spark_runs_the_tests_wherever_they_may_be() -> None:
    (stage,) = (line for line in commands("test").replace("\\\n", "").splitlines() if '-m "spark and' in line)

    assert tuple(word for word in stage.split() if word.startswith("tests/")) == SPARK_TESTS


def test_a_test_that_is_marked_as_one_of_spark_is_where_they_may_be() -> None:
    mark = "mark" + ".spark"
    files = [file for file in (CHECKOUT / "tests").rglob("test_*.py") if mark in file.read_text()]

    names = [str(file.relative_to(CHECKOUT)) for file in files]
    assert names
    assert [name for name in names if not name.startswith(SPARK_TESTS)] == []


def test_the_timing_of_aws_can_be_asked_for() -> None:
    assert commands("up", "ARGS=--as-aws").splitlines()[-1].endswith("glueline up --as-aws")
