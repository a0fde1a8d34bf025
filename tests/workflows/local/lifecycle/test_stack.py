"""Starting, finding and ending a stack: one that runs, one that was killed, and one that is being started."""

import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from workflows.local.base.home import Home
from workflows.local.lifecycle import stack
from workflows.local.lifecycle.deployed_code import copy_code
from workflows.local.lifecycle.deployment import Deployment
from workflows.local.lifecycle.ours import UpOptions
from workflows.local.lifecycle.processes import end_processes, marked_environment, stack_processes

# Answers like a healthy emulator, and prints its port.
EMULATOR = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"spark": {"state": "ready"}}')
    def do_POST(self):  # the hold of jobs
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"quiet\\n")
server = HTTPServer(("127.0.0.1", 0), Healthy)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "local")
    made.logs.mkdir(parents=True)
    yield made
    end_processes(made)


def write_stack(home: Home, pid: int, port: int = 1) -> None:
    written = stack.Stack(
        f"http://127.0.0.1:{port}", "us-east-1", {"RawBucket": "raw"}, pid, "2026-11-24T12:00:00"
    )
    home.stack_file.write_text(written.to_json())


@pytest.fixture
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A fake stack that runs in `home`: a marked process, which answers, and its file."""
    with subprocess.Popen(
        [sys.executable, "-c", EMULATOR], env=marked_environment(home), stdout=subprocess.PIPE, text=True
    ) as emulator:
        assert emulator.stdout
        write_stack(home, emulator.pid, int(emulator.stdout.readline()))
        yield emulator
        end_processes(home)


@pytest.fixture
def deployed(home: Home, tmp_path: Path) -> Deployment:
    """A deployment with one job, which was deployed."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    (jobs / "check.py").write_text("one")
    made = Deployment(tmp_path / "template.yaml", "none", {}, (), jobs)
    copy_code(made, home)
    made.parts().write(home)
    return made


def test_a_second_up_without_changes_returns_the_running_stack(
    home: Home, running: subprocess.Popen[str], deployed: Deployment
) -> None:
    found = stack.up(print, home, deployed)

    assert found.notice == (
        f"Nothing has changed since the last deployment. The stack runs at {found.endpoint_url}."
    )
    assert (found.pid, found.outputs) == (running.pid, {"RawBucket": "raw"})
    assert running.poll() is None


def test_a_second_up_deploys_what_has_changed(
    home: Home, running: subprocess.Popen[str], deployed: Deployment
) -> None:
    (deployed.jobs / "check.py").write_text("two")

    found = stack.up(print, home, deployed)

    assert found.changes is not None
    assert found.changes.jobs.changed == ("check",)
    assert (home.deployed / "jobs" / "check.py").read_text() == "two"
    assert running.poll() is None


def test_a_running_stack_keeps_its_timing(
    home: Home, running: subprocess.Popen[str], deployed: Deployment
) -> None:
    with pytest.raises(stack.StackError, match=r"one without it runs.* down --keep, then glueline up"):
        stack.up(print, home, deployed, UpOptions(as_aws=True))

    found = stack.running_stack(home)
    assert found is not None
    replace(found, as_aws=True).write(home)

    for as_aws in (True, False):
        assert stack.up(print, home, deployed, UpOptions(as_aws=as_aws)).as_aws


def test_a_running_stack_stays_in_its_mode_unless_another_is_asked_for(
    home: Home,
    running: subprocess.Popen[str],
    deployed: Deployment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str | None] = []

    def ours(home: Home, options: UpOptions) -> Deployment:
        asked.append(options.mode)
        return deployed

    monkeypatch.setattr(stack, "our_deployment", ours)
    found = stack.running_stack(home)
    assert found is not None
    stack.up(print, home)
    replace(found, outputs={"IngestMode": "continuous"}).write(home)
    stack.up(print, home)
    stack.up(print, home, options=UpOptions(mode="workflow"))

    assert asked == ["workflow", "continuous", "workflow"]


def test_an_up_beside_another_waits_for_it(
    home: Home, running: subprocess.Popen[str], deployed: Deployment
) -> None:
    lines: list[str] = []
    waits = threading.Event()

    def report(line: str) -> None:
        lines.append(line)
        waits.set()

    with home.lock_file.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: lines.append(stack.up(report, home, deployed).notice))
        second.start()
        assert waits.wait(10)
        assert lines == ["another `up` is running: waiting for it"]
    second.join(10)

    assert lines[1].startswith("Nothing has changed")


def test_up_does_not_end_a_stack_that_runs_but_does_not_answer(
    home: Home, running: subprocess.Popen[str]
) -> None:
    write_stack(home, running.pid, port=1)

    with pytest.raises(stack.StackError, match=r"does not answer .* make down, make up"):
        stack.up(print, home)
    assert running.poll() is None


def test_down_ends_all_processes_and_reports_how_many(home: Home, running: subprocess.Popen[str]) -> None:
    assert stack.down(home) == "Ended 1 processes; none is left."

    assert stack_processes(home) == []
    assert not home.stack_file.exists()
    assert stack.down(home) == "No stack was running."


def test_the_file_of_a_stack_that_was_killed_is_ignored(home: Home) -> None:
    write_stack(home, pid=2**22 + 1)

    assert not stack.status(home).running
    assert stack.down(home) == "No stack was running."
    assert not home.stack_file.exists()


def test_the_file_of_a_stack_whose_process_id_was_reused_is_ignored(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        write_stack(home, other.pid)

        assert not stack.status(home).running
        stack.down(home)
        assert other.poll() is None
        other.kill()


def test_down_ends_what_a_killed_up_left_behind(home: Home, running: subprocess.Popen[str]) -> None:
    home.stack_file.unlink()
    home.scratch.mkdir()

    left = stack.status(home)
    assert not left.running
    assert list(left.processes) == [running.pid]
    assert stack.down(home) == "Ended 1 processes; none is left."
    assert not home.scratch.exists()


def test_an_up_that_fails_leaves_no_process_and_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path / "local", checkout=tmp_path)
    jobs = tmp_path / "jobs"
    jobs.mkdir()

    with pytest.raises(stack.StackError, match=r"no environment yet .*emulator-env.*: make setup"):
        stack.up(print, home, Deployment(tmp_path / "template.yaml", "none", {}, (), jobs))
    assert stack_processes(home) == []
    assert not home.stack_file.exists()


# `glueline run`, whose start of the stack takes long.
RUN = """
import subprocess, sys, time
from pathlib import Path
from workflows.cli import app
from workflows.local.lifecycle import stack
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import marked_environment

def start(report, home, deployment, begin, awaits_spark):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    subprocess.Popen(sleep, env=marked_environment(home), start_new_session=True)
    print("started", flush=True)
    time.sleep(60)

up, home = stack.up, Home(Path(sys.argv[1]))
stack._start = start
stack.up = lambda report, options, begin: up(report, home, object())
app(["run"])
"""


def test_a_run_that_is_ended_leaves_no_process_and_reports_it(home: Home) -> None:
    # Other signals than SIGTERM end a command in the same way: `tests/workflows/cli/test_ending.py`.
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(home.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "started\n"
        assert len(stack_processes(home)) == 1
        run.send_signal(signal.SIGTERM)
        _, output = run.communicate(timeout=60)

    assert run.returncode == 128 + signal.SIGTERM
    assert stack_processes(home) == []
    assert "What was started is stopped again" in output


def test_without_a_stack_status_has_the_folders_of_the_logs(home: Home) -> None:
    state = stack.status(home)

    assert not state.running
    assert state.logs["job runs"] == str(home.logs / "jobs")
    assert state.to_dict()["endpoint_url"] is None


def test_a_stack_that_another_version_has_kept_is_refused_and_stays(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "find_java", lambda: None)
    monkeypatch.setattr(stack, "jar_paths", list)
    home.kept.mkdir()
    (home.kept / "port").write_text("4566")

    with pytest.raises(stack.StackError, match=r"another version of Glueline has kept it.*down --yes"):
        stack.up(print, home, Deployment(tmp_path / "template.yaml", "none", {}, (), tmp_path / "jobs"))
    assert (home.kept / "port").is_file()

    stack.down(home)
    assert not home.kept.exists()
