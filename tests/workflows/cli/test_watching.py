"""`glueline up --watch`: a deployment in a process of its own, and what is shown of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.workflows.cli.calling import call
from workflows.cli import watching
from workflows.cli.showing import Step
from workflows.cli.watching import Attempt, deploy_apart, deploy_saves, lines

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_notice_of_a_deployment_is_shown() -> None:
    attempt = Attempt(is_good=True, printed="Deployed\n  jobs\n", errors="  built (1 s)\n")

    assert list(lines(attempt)) == ["Deployed", "  jobs"]


def test_each_error_is_a_line_without_the_steps_before_it() -> None:
    errors = "  built (1 s)\n\nthings.yaml: one\nnotes.yaml: two\n"

    assert list(lines(Attempt(is_good=False, printed="", errors=errors))) == [
        "things.yaml: one",
        "notes.yaml: two",
    ]


def test_of_a_long_output_the_beginning_and_the_end_are_shown() -> None:
    errors = "\n".join(f"line {number}" for number in range(30))

    found = list(lines(Attempt(is_good=False, printed="", errors=errors)))

    assert found == ["line 0", "line 1", "…", "line 28", "line 29"]


def test_a_deployment_apart_has_its_output_and_its_outcome() -> None:
    code = "import sys; print('out'); print('error', file=sys.stderr); sys.exit(1)"

    assert deploy_apart((sys.executable, "-c", code)) == Attempt(False, "out\n", "error\n")


def test_a_deployment_of_what_was_saved_is_shown_while_it_lasts(
    monkeypatch: pytest.MonkeyPatch, steps: list[Step], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workflows.local.lifecycle.saves.saves", lambda before, look: iter([1, 2]))
    monkeypatch.setattr(watching, "deploy_apart", lambda: Attempt(True, "Deployed\n", ""))

    deploy_saves(lambda: "It runs.")

    assert steps == [Step("deploying what was saved")] * 2


def test_watching_prints_text_only() -> None:
    result = call("up", "--watch", "--json")

    assert result.exit_code == 2
    assert "expected --watch or --json, got both" in result.stderr


# Deploys in a process that takes a second to end in order, and writes a file when it has.
INTERRUPTED = """
import sys
from workflows.cli.exit_codes import errors_as_exit_codes
from workflows.cli.watching import deploy_apart

child = '''
import signal, sys, time
from pathlib import Path
def end(*_):
    time.sleep(1)
    Path(sys.argv[1]).touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
Path(sys.argv[1]).with_suffix(".begun").touch()
time.sleep(60)
'''
deploy_apart((sys.executable, "-c", child, sys.argv[1]))
"""


def test_an_interrupted_deployment_ends_its_work_first(tmp_path: Path) -> None:
    done = tmp_path / "done"
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(done)], stderr=subprocess.PIPE) as watching:
        deadline = time.monotonic() + 30
        while not done.with_suffix(".begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)

    assert done.exists()
