"""Starting, finding and ending a stack: what happens when one runs, died, or is being started."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from workflows.local.base.home import Home
from workflows.local.lifecycle import stack
from workflows.local.lifecycle.deployment import Deployment
from workflows.local.lifecycle.processes import end_processes, marked_environment, stack_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Answers as a healthy emulator does, and prints its port.
EMULATOR = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"spark": {"state": "ready"}}')
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
    home.stack_file.write_text(json.dumps(written.to_dict()))


@pytest.fixture
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A stack that runs in `home`, as far as anybody can tell."""
    with subprocess.Popen(
        [sys.executable, "-c", EMULATOR], env=marked_environment(home), stdout=subprocess.PIPE, text=True
    ) as emulator:
        assert emulator.stdout
        write_stack(home, emulator.pid, int(emulator.stdout.readline()))
        yield emulator
        end_processes(home)


def test_a_second_up_says_that_one_runs_and_returns_it(home: Home, running: subprocess.Popen[str]) -> None:
    found = stack.up(print, home)

    assert found.notice == f"The stack runs already, at {found.endpoint_url}."
    assert (found.pid, found.outputs) == (running.pid, {"RawBucket": "raw"})
    assert running.poll() is None


def test_a_second_up_says_what_has_changed_since_the_deployment(
    home: Home, running: subprocess.Popen[str], tmp_path: Path
) -> None:
    contracts = tmp_path / "expectations"
    contracts.mkdir()
    (contracts / "things.yaml").write_text("one")
    deployment = Deployment(tmp_path / "template.yaml", "none", {}, (), contracts)
    deployment.copy_jobs(home)
    (contracts / "things.yaml").write_text("two")

    found = stack.up(print, home, deployment)

    assert found.notice == (
        f"The stack runs already, at {found.endpoint_url}. Its jobs use the contracts and code that were "
        "deployed; changed since: expectations/things.yaml. To deploy them: make down, make up."
    )


def test_an_up_beside_another_waits_for_it(home: Home, running: subprocess.Popen[str]) -> None:
    told: list[str] = []
    waits = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        waits.set()

    with home.lock_file.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: told.append(stack.up(tell, home).notice))
        second.start()
        assert waits.wait(10)
        assert told == ["another `up` is at work: waiting for it"]
    second.join(10)

    assert told[1].startswith("The stack runs already")


def test_a_stack_that_lives_but_does_not_answer_is_not_ended_behind_its_users_back(
    home: Home, running: subprocess.Popen[str]
) -> None:
    write_stack(home, running.pid, port=1)

    with pytest.raises(stack.StackError, match=r"does not answer .* make down, make up"):
        stack.up(print, home)
    assert running.poll() is None


def test_down_ends_all_of_it_and_says_so(home: Home, running: subprocess.Popen[str]) -> None:
    assert stack.down(home) == "Ended 1 processes; none is left."

    assert stack_processes(home) == []
    assert not home.stack_file.exists()
    assert stack.down(home) == "No stack was running."


def test_the_file_of_a_dead_stack_counts_for_nothing(home: Home) -> None:
    write_stack(home, pid=2**22 + 1)

    assert not stack.status(home).running
    assert stack.down(home) == "No stack was running."
    assert not home.stack_file.exists()


def test_the_file_of_a_stack_whose_number_another_process_has_now_counts_for_nothing(home: Home) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as somebody:
        write_stack(home, somebody.pid)

        assert not stack.status(home).running
        stack.down(home)
        assert somebody.poll() is None
        somebody.kill()


def test_what_a_killed_up_left_is_ended_even_with_no_file(home: Home, running: subprocess.Popen[str]) -> None:
    home.stack_file.unlink()
    home.scratch.mkdir()

    left = stack.status(home)
    assert not left.running
    assert list(left.processes) == [running.pid]
    assert "make down ends them" in str(left.picture())

    assert stack.down(home) == "Ended 1 processes; none is left."
    assert not home.scratch.exists()


def test_an_up_that_fails_leaves_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path / "local", checkout=tmp_path)
    jobs = tmp_path / "jobs"
    jobs.mkdir()

    with pytest.raises(stack.StackError, match=r"no environment yet .*emulator-env.*: make setup"):
        stack.up(print, home, Deployment(tmp_path / "template.yaml", "none", {}, (), jobs))
    assert stack_processes(home) == []
    assert not home.stack_file.exists()


# `glueline run`, whose start of the stack takes long and has begun.
RUN = """
import subprocess, sys, time
from pathlib import Path
from workflows.cli import app
from workflows.local import stack
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import marked_environment

def start(tell, home, deployment):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    subprocess.Popen(sleep, env=marked_environment(home), start_new_session=True)
    print("started", flush=True)
    time.sleep(60)

up, home = stack.up, Home(Path(sys.argv[1]))
stack._start = start
stack.up = lambda tell: up(tell, home, object())
app(["run"])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_ended_leaves_no_process_and_says_so(home: Home, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(home.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "started\n"
        assert len(stack_processes(home)) == 1
        run.send_signal(number)
        _, told = run.communicate(timeout=60)

    assert run.returncode == 128 + number
    assert stack_processes(home) == []
    assert "What was started is ended again" in told


def test_without_a_stack_status_still_says_where_logs_are(home: Home) -> None:
    state = stack.status(home)

    assert not state.running
    assert state.logs["job runs"] == str(home.logs / "jobs")
    assert state.to_dict()["endpoint_url"] is None
