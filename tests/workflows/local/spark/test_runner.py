"""How scripts are run and how they end, on a fake Spark process."""

import json
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.definitions import read_job
from workflows.local.glue.runs import JobRun
from workflows.local.spark.runner import SparkLayout, SparkRunner
from workflows.local.spark.state import SparkState

FAKE = Path(__file__).with_name("fake_worker.py")
PATIENCE = 10


class RunnerFixture:
    """A runner and the reports that it has made."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.layout = SparkLayout(
            command=[sys.executable, str(FAKE)],
            environment=environment,
            code=folder,
            jobs=folder / "jobs",
            logs=folder / "logs",
        )
        self.layout.jobs.mkdir()
        self.runner = SparkRunner(self.layout)
        self.reports: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        self.runner.running = lambda run_id: self.reports.put((run_id, "running"))
        self.runner.ended = lambda run_id, error: self.reports.put((run_id, error))
        self.thread = threading.Thread(target=self.runner.serve)
        self.thread.start()

    def launch(self, script: str, run_id: str | None = None, *, present: bool = True) -> str:
        if present:
            (self.layout.jobs / f"{script}.py").touch()
        definition = {
            "Name": script,
            "Command": {"ScriptLocation": f"s3://bucket/code/{script}.py"},
            "DefaultArguments": {"--conf": "spark.a=1 --conf spark.b=2", "--WHO": "me"},
        }
        run = JobRun(run_id or f"jr_{script}", read_job(definition), {}, 1, NOON)
        (self.layout.logs / "jobs" / script).mkdir(parents=True, exist_ok=True)
        self.runner.launch(run)
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
