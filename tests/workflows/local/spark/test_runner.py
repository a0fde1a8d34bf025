"""How scripts are run and what becomes of them, on a process that stands in for Spark."""

from __future__ import annotations

import json
import queue
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.workflows.local.glue.builders import NOON
from workflows.local.glue.definitions import read_job
from workflows.local.glue.runs import JobRun
from workflows.local.spark.runner import Layout, SparkRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

FAKE = Path(__file__).with_name("fake_worker.py")
PATIENCE = 10


class Heard:
    """A runner with what it reports."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.layout = Layout(
            command=[sys.executable, str(FAKE)],
            environment=environment,
            code=folder,
            jobs=folder / "jobs",
            logs=folder / "logs",
        )
        self.layout.jobs.mkdir()
        self.runner = SparkRunner(self.layout)
        self.said: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()
        self.runner.running = lambda run_id: self.said.put((run_id, "running"))
        self.runner.ended = lambda run_id, error: self.said.put((run_id, error))
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
        return self.said.get(timeout=PATIENCE)

    def close(self) -> None:
        self.runner.close()
        self.thread.join(PATIENCE)


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    with closing(Heard(tmp_path)) as made:
        yield made


def test_a_script_that_ends_well_has_run_and_succeeded(heard: Heard) -> None:
    run_id = heard.launch("good")

    assert [heard.next(), heard.next()] == [(run_id, "running"), (run_id, None)]


def test_a_script_gets_its_arguments_its_settings_and_a_log_of_its_own(heard: Heard) -> None:
    heard.launch("good", "jr_7")
    heard.next(), heard.next()

    folder = heard.layout.logs / "jobs" / "good"
    request = json.loads((folder / "requests.jsonl").read_text())
    assert request["arguments"]["--WHO"] == "me"
    assert request["arguments"]["--JOB_RUN_ID"] == "jr_7"
    assert request["conf"] == {"spark.a": "1", "spark.b": "2"}
    assert request["log"] == str(folder / "jr_7.log")


def test_a_script_that_fails_says_why_and_the_next_one_runs(heard: Heard) -> None:
    heard.launch("bad")
    heard.launch("good")

    assert [heard.next() for _ in range(4)] == [
        ("jr_bad", "running"),
        ("jr_bad", "ValueError: no"),
        ("jr_good", "running"),
        ("jr_good", None),
    ]


def test_a_run_whose_process_dies_has_failed_and_a_new_process_runs_the_next(heard: Heard) -> None:
    heard.launch("killed")
    heard.launch("good")

    assert heard.next() == ("jr_killed", "running")
    run_id, error = heard.next()
    assert (run_id, error) == ("jr_killed", f"Spark died (SIGKILL); its log is {heard.layout.process_log}")
    assert [heard.next(), heard.next()] == [("jr_good", "running"), ("jr_good", None)]


def test_a_killed_run_makes_room_for_the_next(heard: Heard) -> None:
    heard.launch("endless")
    heard.launch("good")
    assert heard.next() == ("jr_endless", "running")

    heard.runner.kill("jr_endless")

    assert [heard.next(), heard.next()] == [("jr_good", "running"), ("jr_good", None)]


def test_a_run_killed_while_it_waits_never_starts(heard: Heard) -> None:
    heard.launch("endless")
    heard.launch("bad")
    heard.launch("good")
    assert heard.next() == ("jr_endless", "running")

    heard.runner.kill("jr_bad")
    heard.runner.kill("jr_endless")

    assert [heard.next(), heard.next()] == [("jr_good", "running"), ("jr_good", None)]


def test_a_script_that_is_not_in_the_checkout_fails_with_where_it_was_looked_for(heard: Heard) -> None:
    heard.launch("absent", present=False)

    _, error = heard.next()
    script = heard.layout.jobs / "absent.py"
    assert (
        error == f"Expected the script {script} of job absent (s3://bucket/code/absent.py): it is not there"
    )


def test_a_spark_that_cannot_start_fails_its_runs_instead_of_trying_for_ever(tmp_path: Path) -> None:
    with closing(Heard(tmp_path, FAKE_START="dies")) as heard:
        heard.launch("good")

        message = f"Spark died (exit code 3); its log is {heard.layout.process_log}"
        assert heard.next() == ("jr_good", message)
        assert heard.runner.state["state"] == "failed"
