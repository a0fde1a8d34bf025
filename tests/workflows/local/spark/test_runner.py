"""How scripts are run and how they end, on a fake Spark process."""

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.definitions import STREAMING, read_job
from workflows.local.glue.runs import JobRun, WorkflowRun
from workflows.local.spark.layout import SparkLayout
from workflows.local.spark.runner import SparkRunner
from workflows.local.spark.state import SparkState

if TYPE_CHECKING:
    from workflows.local.glue.service import Runner

FAKE = Path(__file__).with_name("fake_worker.py")
PATIENCE = 10


class RunnerFixture:
    """A runner and the reports that it has made."""

    def __init__(self, folder: Path, *, idle_seconds: float | None = None, **environment: str) -> None:
        self.layout = SparkLayout(
            command=[sys.executable, str(FAKE)],
            environment=environment,
            code=folder,
            jobs=folder / "jobs",
            logs=folder / "logs",
        )
        self.layout.jobs.mkdir()
        self.runner = SparkRunner(self.layout, idle_seconds)
        self.launcher: Runner = self.runner
        self.reports: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        self.runner.running = lambda run_id: self.reports.put((run_id, "running"))
        self.runner.ended = lambda run_id, error: self.reports.put((run_id, error))
        self.thread = threading.Thread(target=self.runner.serve)
        self.thread.start()

    def launch(
        self,
        script: str,
        run_id: str | None = None,
        *,
        present: bool = True,
        workflow_run: WorkflowRun | None = None,
        is_streaming: bool = False,
    ) -> str:
        if present:
            (self.layout.jobs / f"{script}.py").touch()
        definition = {
            "Name": script,
            "Command": {
                "Name": STREAMING if is_streaming else "glueetl",
                "ScriptLocation": f"s3://bucket/code/{script}.py",
            },
            "DefaultArguments": {"--conf": "spark.a=1 --conf spark.b=2", "--WHO": "me"},
        }
        run = JobRun(run_id or f"jr_{script}", read_job(definition), {}, 1, NOON, workflow_run)
        if workflow_run is not None:
            workflow_run.job_runs.append(run)
        (self.layout.logs / "jobs" / script).mkdir(parents=True, exist_ok=True)
        self.launcher.launch(run)
        return run.id

    def next(self) -> tuple[str, str | None]:
        return self.reports.get(timeout=PATIENCE)

    def close(self) -> None:
        self.runner.close()
        self.thread.join(PATIENCE)


@pytest.fixture
def fixture(tmp_path: Path) -> Iterator[RunnerFixture]:
    with closing(RunnerFixture(tmp_path)) as made:
        yield made


def test_a_script_that_ends_well_has_run_and_succeeded(fixture: RunnerFixture) -> None:
    run_id = fixture.launch("good")

    assert [fixture.next(), fixture.next()] == [(run_id, "running"), (run_id, None)]


def test_a_script_gets_its_arguments_its_settings_and_a_log_of_its_own(fixture: RunnerFixture) -> None:
    fixture.launch("good", "jr_7")
    fixture.next(), fixture.next()

    folder = fixture.layout.logs / "jobs" / "good"
    request = json.loads((folder / "requests.jsonl").read_text())
    assert request["arguments"]["--WHO"] == "me"
    assert request["arguments"]["--JOB_RUN_ID"] == "jr_7"
    assert request["conf"] == {"spark.a": "1", "spark.b": "2"}
    assert request["log"] == str(folder / "jr_7.log")


def test_a_script_gets_the_credentials_of_its_role(fixture: RunnerFixture) -> None:
    fixture.runner.credentials = lambda definition: {"AWS_ACCESS_KEY_ID": f"of {definition['Name']}"}
    fixture.launch("good", "jr_7")
    fixture.next(), fixture.next()

    request = json.loads((fixture.layout.logs / "jobs" / "good" / "requests.jsonl").read_text())
    assert request["credentials"] == {"AWS_ACCESS_KEY_ID": "of good"}


def test_a_run_that_its_role_may_not_begin_has_failed(fixture: RunnerFixture) -> None:
    def refuse(definition: Mapping[str, Any]) -> dict[str, str]:
        raise PermissionError("AccessDenied: the role may not read the script")

    fixture.runner.credentials = refuse
    fixture.launch("good")

    assert fixture.next() == ("jr_good", "AccessDenied: the role may not read the script")


def test_a_script_that_fails_reports_its_error_and_the_next_one_runs(fixture: RunnerFixture) -> None:
    fixture.launch("bad")
    fixture.launch("good")

    assert [fixture.next() for _ in range(4)] == [
        ("jr_bad", "running"),
        ("jr_bad", "ValueError: no"),
        ("jr_good", "running"),
        ("jr_good", None),
    ]


def test_a_run_whose_process_dies_has_failed_and_a_new_process_runs_the_next(fixture: RunnerFixture) -> None:
    fixture.launch("killed")
    fixture.launch("good")

    assert fixture.next() == ("jr_killed", "running")
    run_id, error = fixture.next()
    assert (run_id, error) == ("jr_killed", f"Spark died (SIGKILL); its log is {fixture.layout.process_log}")
    assert [fixture.next(), fixture.next()] == [("jr_good", "running"), ("jr_good", None)]


def test_a_killed_run_makes_room_for_the_next(fixture: RunnerFixture) -> None:
    fixture.launch("endless")
    fixture.launch("good")
    assert fixture.next() == ("jr_endless", "running")

    fixture.runner.kill("jr_endless")

    assert [fixture.next(), fixture.next()] == [("jr_good", "running"), ("jr_good", None)]


def test_a_run_killed_while_it_waits_never_starts(fixture: RunnerFixture) -> None:
    fixture.launch("endless")
    fixture.launch("bad")
    fixture.launch("good")
    assert fixture.next() == ("jr_endless", "running")

    fixture.runner.kill("jr_bad")
    fixture.runner.kill("jr_endless")

    assert [fixture.next(), fixture.next()] == [("jr_good", "running"), ("jr_good", None)]


def test_a_missing_script_fails_with_its_expected_path(fixture: RunnerFixture) -> None:
    fixture.launch("absent", present=False)

    _, error = fixture.next()
    script = fixture.layout.jobs / "absent.py"
    assert error == f"Expected the script {script} of job absent (s3://bucket/code/absent.py), found no file."


def test_a_spark_that_cannot_start_fails_its_runs_and_is_not_restarted_without_end(tmp_path: Path) -> None:
    with closing(RunnerFixture(tmp_path, FAKE_START="dies")) as fixture:
        fixture.launch("good")

        message = f"Spark died (exit code 3); its log is {fixture.layout.process_log}"
        assert fixture.next() == ("jr_good", message)
        assert fixture.runner.state == SparkState("failed", message=message)


def wait_until_quiet(runner: SparkRunner) -> None:
    deadline = time.monotonic() + PATIENCE
    while not runner.is_quiet:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_while_held_no_run_starts_and_after_the_release_all_do_in_order(fixture: RunnerFixture) -> None:
    fixture.runner.hold()
    wait_until_quiet(fixture.runner)
    fixture.launch("good", "jr_1")
    fixture.launch("good", "jr_2")
    time.sleep(0.2)
    assert fixture.reports.empty()

    fixture.runner.release()

    assert [fixture.next() for _ in range(4)] == [
        ("jr_1", "running"),
        ("jr_1", None),
        ("jr_2", "running"),
        ("jr_2", None),
    ]
    assert not fixture.runner.is_quiet


def test_a_hold_waits_for_the_script_that_runs(fixture: RunnerFixture) -> None:
    fixture.launch("endless")
    assert fixture.next() == ("jr_endless", "running")

    fixture.runner.hold()
    time.sleep(0.2)
    assert (fixture.runner.is_quiet, fixture.runner.finishing) == (False, "endless")

    fixture.runner.kill("jr_endless")
    wait_until_quiet(fixture.runner)
    assert fixture.runner.finishing is None


def test_while_held_a_workflow_run_that_has_begun_goes_on_past_others(fixture: RunnerFixture) -> None:
    begun, other = (WorkflowRun(name, "ingest", {}, NOON) for name in ("wr_1", "wr_2"))
    first = JobRun(
        "jr_check", read_job({"Name": "c", "Command": {"ScriptLocation": "s3://b/c.py"}}), {}, 1, NOON
    )
    first.running_since = NOON
    begun.job_runs.append(first)
    fixture.runner.hold()
    fixture.launch("good", "jr_other", workflow_run=other)

    fixture.launch("good", "jr_merge", workflow_run=begun)

    assert [fixture.next(), fixture.next()] == [("jr_merge", "running"), ("jr_merge", None)]
    wait_until_quiet(fixture.runner)
    assert fixture.reports.empty()


def test_a_run_that_follows_from_the_end_of_another_is_waited_for(fixture: RunnerFixture) -> None:
    run = WorkflowRun("wr_1", "ingest", {}, NOON)
    quiet: list[bool] = []

    def ended(run_id: str, error: str | None) -> None:
        fixture.reports.put((run_id, error))
        if run_id == "jr_1":
            run.job_runs[0].running_since = NOON
            fixture.launch("good", "jr_2", workflow_run=run)
        quiet.append(fixture.runner.is_quiet)

    fixture.runner.ended = ended
    fixture.launch("slow", "jr_1", workflow_run=run)
    assert fixture.next() == ("jr_1", "running")
    fixture.runner.hold()

    assert [fixture.next() for _ in range(3)] == [("jr_1", None), ("jr_2", "running"), ("jr_2", None)]
    wait_until_quiet(fixture.runner)
    assert quiet == [False, False]


def test_a_hold_tells_a_streaming_run_that_its_job_is_deployed_again(fixture: RunnerFixture) -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    fixture.runner.deployed_again = told.put
    fixture.launch("endless", is_streaming=True)
    assert fixture.next() == ("jr_endless", "running")

    fixture.runner.hold()

    assert told.get(timeout=PATIENCE) == "endless"


def test_a_hold_tells_no_other_run(fixture: RunnerFixture) -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    fixture.runner.deployed_again = told.put
    fixture.launch("slow")
    assert fixture.next() == ("jr_slow", "running")

    fixture.runner.hold()
    wait_until_quiet(fixture.runner)

    assert told.empty()


def test_a_process_that_is_seldom_needed_starts_with_a_run_and_ends_when_it_is_idle(tmp_path: Path) -> None:
    with closing(RunnerFixture(tmp_path, idle_seconds=0.5)) as fixture:
        assert fixture.runner.state == SparkState("off")
        for number in ("jr_1", "jr_2"):
            fixture.launch("good", number)
            assert [fixture.next(), fixture.next()] == [(number, "running"), (number, None)]

            deadline = time.monotonic() + PATIENCE
            while fixture.runner.state != SparkState("off"):
                assert time.monotonic() < deadline
                time.sleep(0.01)


def test_a_process_is_not_idle_while_its_run_lasts(tmp_path: Path) -> None:
    with closing(RunnerFixture(tmp_path, idle_seconds=0.1)) as fixture:
        fixture.launch("slow")

        assert [fixture.next(), fixture.next()] == [("jr_slow", "running"), ("jr_slow", None)]
