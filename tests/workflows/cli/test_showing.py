"""What a command shows of its work: on a terminal, in a log, and of short work nothing."""

from __future__ import annotations

import ast
import io
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from rich.console import Console

from workflows import cli
from workflows.cli import durations, printing
from workflows.cli.erase import erase_step
from workflows.cli.exports import export_step
from workflows.cli.showing import Showing, Step, connected, pending_step, showing
from workflows.exports.loading import ExportProgress
from workflows.progress.waiting import Pending
from workflows.stack.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

BEFORE: Final = {"building": 10.0, "deploying": 20.0}
CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class Clock:
    """A clock that stands still between tests' statements."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard error that is no terminal."""
    written = io.StringIO()
    monkeypatch.setattr(printing, "err", Console(file=written, width=130))
    return written


@pytest.fixture(autouse=True)
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    kept = tmp_path / "durations.json"
    for function in (durations.remembered, durations.remember):
        monkeypatch.setattr(function, "__defaults__", (kept,))
    return kept


def test_a_line_says_what_is_done_how_far_it_is_and_how_long_it_takes() -> None:
    clock = Clock()
    show = Showing(BEFORE, is_live=True, clock=clock)

    show("building")
    clock.now += 4
    assert show.line() == "     4 s   building   about 26 s left"
    show(Step("deploying", "CREATE", left=40))
    clock.now += 10
    show(Step("deploying", "CREATE", left=30))
    assert show.line() == "    14 s   deploying: CREATE   10 of 40   about 10 s left"
    clock.now += 20
    # It takes longer than the last time, so its parts say how long.
    assert show.line().endswith("10 of 40   about 90 s left")


def test_a_first_run_says_what_is_waited_for_and_guesses_nothing() -> None:
    clock = Clock()
    show = Showing({}, is_live=True, clock=clock)
    show("waiting for Spark")
    clock.now += 200

    assert show.line() == "   200 s   waiting for Spark"


def test_a_run_that_lasts_longer_than_the_last_says_so() -> None:
    clock = Clock()
    show = Showing(BEFORE, is_live=True, clock=clock)
    show("deploying")
    clock.now += 21

    assert show.line() == "    21 s   deploying   longer than the last time"


def test_a_log_has_a_line_for_each_step_that_lasts_and_few_while_it_does(log: io.StringIO) -> None:
    clock = Clock()
    show = Showing({}, is_live=False, clock=clock)
    show("short")
    clock.now += 1
    show.tick()
    for second in range(60):
        show(Step("waiting", f"{second} files"))
        show.tick()
        clock.now += 1
    for _ in range(60):
        show.tick()
        clock.now += 1

    lines = log.getvalue().splitlines()
    assert [line.split("   ")[-1] for line in lines] == [
        *(f"waiting: {seen} files" for seen in (2, 12, 22, 32, 42, 52)),
        *["waiting: 59 files"] * 2,
    ]
    assert CONTROL.search(log.getvalue()) is None


def test_steps_that_come_again_are_added_up_and_kept_for_the_next_time(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(Showing.__init__, "__kwdefaults__", {"clock": clock})

    with showing("up") as show:
        for step in ("wait", "load", "wait"):
            show(step)
            clock.now += 3

    assert durations.remembered("local up") == {"wait": 6.0, "load": 3.0}


def test_a_command_that_fails_or_is_short_is_not_kept(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    clock = Clock()
    monkeypatch.setattr(Showing.__init__, "__kwdefaults__", {"clock": clock})

    with pytest.raises(ValueError, match="no"), showing("up") as show:
        show("wait")
        clock.now += 3
        raise ValueError("no")
    with showing("up") as show:
        show("wait")
        clock.now += 1

    assert not file.exists()
    assert log.getvalue() == ""
    assert not [one for one in threading.enumerate() if one.name.endswith("(tick)")]


def test_what_is_said_stays(log: io.StringIO) -> None:
    with showing("up") as show:
        show("wait")
        show.say("note: [red] is text")

    assert log.getvalue() == "  note: [red] is text\n"


PROGRAM: Final = """
import time
from workflows.cli import durations, showing
showing.QUIET_SECONDS = 0.1
durations.remember.__defaults__ = durations.remembered.__defaults__ = (__import__("pathlib").Path("{file}"),)
with showing.showing("up") as show:
    show(showing.Step("waiting", left=4))
    time.sleep(1)
    with show.paused():
        print("a result", flush=True)
    show(showing.Step("waiting", left=2))
    time.sleep(1)
print("the end", flush=True)
"""


def test_a_terminal_has_one_line_that_goes_and_results_stay_apart(tmp_path: Path) -> None:
    """In a process whose standard error is a terminal, and whose standard output is a pipe."""
    ours, theirs = pty.openpty()
    program = PROGRAM.format(file=tmp_path / "durations.json")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "60"}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment
    ) as child:
        os.close(theirs)
        drawn = b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:  # the terminal is closed
                break
            if not some:
                break
            drawn += some
        assert child.stdout is not None
        assert child.stdout.read() == "a result\nthe end\n"
    os.close(ours)

    text = drawn.decode()
    assert "waiting   0 of 4" in text
    assert "waiting   2 of 4" in text
    assert text.endswith("\x1b[1A\x1b[2K")  # the line is removed


def test_what_is_pending_is_a_step_in_the_direction_of_the_flow() -> None:
    step = pending_step(Pending(inbound=1500, intake=4, files=2, batches=1))

    assert step == Step(
        "waiting until everything is merged", "inbound queue 1,500, intake queue 4, open batches 1, files 2"
    )


def test_exports_are_counted_until_they_are_written_and_then_their_files() -> None:
    assert export_step(ExportProgress(3, 1)).left == 2
    merging = export_step(ExportProgress(3, 3, Pending(inbound=0, intake=0, files=7, batches=2)))
    assert (merging.name, merging.left) == ("waiting until the files are merged", 7)


def test_a_line_of_an_erasure_is_a_step_with_its_state() -> None:
    line = "1 of 6, block the keys: job run jr_1 is RUNNING"

    assert erase_step(line) == Step("1 of 6, block the keys", "job run jr_1 is RUNNING")
    assert erase_step("waiting") == Step("waiting")


def test_the_stack_is_asked_for_under_the_name_of_its_own(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack on AWS that can't be reached takes minutes."""
    clock = Clock()
    monkeypatch.setattr(Showing.__init__, "__kwdefaults__", {"clock": clock})

    def connect(stack: str | None) -> Target:
        clock.now += 3
        return Target("us-east-1", {}, stack=stack or "")

    monkeypatch.setattr("workflows.stack.target.connect", connect)

    assert connected("shop").stack == "shop"
    assert durations.remembered("local connect shop") == {"asking for the stack": 3.0}


def test_every_command_shows_its_work() -> None:
    """Each command of the help, by the functions of this room that its own function calls.

    To find the stack is not its work. The console works when a page is opened.
    """
    calls = {name: _names(function) for name, function in _functions() if name != "connected"}

    def is_shown(name: str, known: frozenset[str] = frozenset()) -> bool:
        inner = calls.get(name, frozenset()) - known
        return "showing" in inner or any(is_shown(one, known | inner) for one in inner & calls.keys())

    commands = [command for command in _commands(cli.app) if command.callback is not None]
    names = [command.callback.__name__ for command in commands if command.callback]
    assert len(names) > 20
    assert [name for name in names if not is_shown(name)] == ["console"]


def _commands(app: typer.Typer) -> Iterator[typer.models.CommandInfo]:
    yield from app.registered_commands
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from _commands(group.typer_instance)


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for file in Path(cli.__file__).parent.glob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield node.name, node


def _names(function: ast.FunctionDef) -> frozenset[str]:
    """What a function calls by a name."""
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return frozenset(one.id for one in called if isinstance(one, ast.Name))
