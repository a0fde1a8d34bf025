"""How commands end: with a message and an exit code, not with a traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from tests.workflows.cli.calling import call
from workflows.cli import app
from workflows.cli.exit_codes import interruptible
from workflows.local.base.home import Home
from workflows.local.lifecycle.running import Stack
from workflows.stack.target import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HUGE = "9" * 20
NO_AWS = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
# Every command that speaks to a stack, with arguments that are right.
COMMANDS_OF_A_STACK = (
    ("send", "FILE"),
    ("query", "select * from products"),
    ("history", "products"),
    ("token",),
    ("parity", "products"),
    ("bootstrap", "products"),
    ("catch-up", "products", "--from", "2026-11-24T12:00:00Z"),
    ("replay", "wr_1"),
    ("replay", "--quarantine"),
    ("redrive",),
    ("redrive", "--stream"),
    ("erase", "products", "7", "--yes"),
    ("batches", "list"),
    ("batches", "show", "wr_1"),
    ("batches", "retry", "wr_1"),
    ("batches", "aside", "wr_1", "--reason", "broken"),
)
WITHOUT_CONTRACT = (  # in the stack, whose contracts count
    ("history", "refunds"),
    ("history", ""),
    ("parity", "refunds"),
    ("replay", "--quarantine", "--dataset", "refunds"),
    ("replay", "--quarantine", "--dataset", ""),
)
WRONG_ARGUMENTS = (
    (("replay", "--quarantine", "--since", ""), "expected a time"),
    (("redrive", "--since", HUGE), "expected a time"),
    (("catch-up", "products", "--from", ""), "expected a time"),
    (("history", "products", "--limit", HUGE), "2147483647"),
    (("history", "products", "--limit", "0"), "Invalid value"),
    (("run", "--lines", HUGE), "1000000"),
    (("send", "nowhere.jsonl"), "nowhere.jsonl"),
    (("send", "FOLDER"), "is a directory"),
    (("send", "NOT_UTF8"), "line 2"),
    (("send", "EMPTY"), "Nothing was sent"),
    (("contract", "new", "refunds", "FOLDER", "--key", "a"), "is a directory"),
    (("contract", "new", "refunds", "EMPTY", "--key", "a"), ""),
    (("contract", "new", "refunds", "NOT_UTF8", "--key", "a"), ""),
    (("query", "select 1", "--stack", ""), "empty"),
    (("nonsense",), "nonsense"),
)


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """No local stack, and no AWS that can be reached."""
    home = Home(tmp_path / "local")
    home.folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("AWS_", "GLUELINE_"))]:
        monkeypatch.delenv(name)
    for name, value in NO_AWS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("workflows.stack.target.local", lambda: local(home.stack_file))
    return home


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Files that arguments name by these words."""
    contents = {
        "FILE": b'{"specversion": "1.0"}\n',
        "EMPTY": b"\n",
        "NOT_UTF8": b"id,name\n\xe9,b\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: str(tmp_path / name) for name in contents} | {"FOLDER": str(tmp_path)}


def is_a_sentence(text: str) -> bool:
    """Whether the text is a short message and not a traceback."""
    return bool(text.strip()) and "Traceback" not in text and len(text) < 1200


def error_of(arguments: tuple[str, ...], files: dict[str, str]) -> str:
    """Run a command that fails; its message on stderr."""
    result = call(*(files.get(argument, argument) for argument in arguments))

    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (1, 2)
    assert is_a_sentence(result.stderr), result.stderr
    return " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    WRONG_ARGUMENTS,
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_error_for_wrong_arguments_says_what_is_wrong(
    arguments: tuple[str, ...], message: str, files: dict[str, str]
) -> None:
    assert message in error_of(arguments, files)


@pytest.mark.parametrize("arguments", WITHOUT_CONTRACT, ids=" ".join)
def test_the_error_for_a_dataset_without_a_contract_names_the_datasets(
    arguments: tuple[str, ...], files: dict[str, str], empty_home: Home
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        running = Stack(address, "us-east-1", {}, 1, "2026-11-24")
        empty_home.stack_file.write_text(json.dumps(running.to_dict()))

        assert "households, products, transactions" in error_of(arguments, files)


@pytest.mark.parametrize("arguments", COMMANDS_OF_A_STACK, ids=" ".join)
def test_without_a_stack_the_error_of_every_command_says_how_to_start_one(
    arguments: tuple[str, ...], files: dict[str, str]
) -> None:
    assert "make up" in error_of(arguments, files)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"region": 1}', "\ud800"])
@pytest.mark.parametrize("arguments", COMMANDS_OF_A_STACK[:2], ids=" ".join)
def test_the_error_for_a_damaged_stack_file_says_what_to_do(
    arguments: tuple[str, ...], content: str, files: dict[str, str], empty_home: Home
) -> None:
    empty_home.stack_file.write_bytes(content.encode("utf-8", "surrogatepass"))

    assert "make down, make up" in error_of(arguments, files)


@pytest.mark.parametrize("arguments", COMMANDS_OF_A_STACK, ids=" ".join)
def test_the_error_for_a_dead_stack_says_what_to_do(
    arguments: tuple[str, ...], files: dict[str, str], empty_home: Home
) -> None:
    dead = Stack("http://127.0.0.1:9", "us-east-1", {}, 1, "2026-11-24")
    empty_home.stack_file.write_text(json.dumps(dead.to_dict()))

    assert "make down, make up" in error_of(arguments, files)


@pytest.mark.parametrize("missing", ["region", "credentials", "profile"])
@pytest.mark.parametrize("arguments", COMMANDS_OF_A_STACK, ids=" ".join)
def test_the_error_names_what_is_missing_to_reach_aws(
    arguments: tuple[str, ...], missing: str, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing != "region":
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    if missing == "profile":
        monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert missing in error_of((*arguments, "--stack", "shop"), files)


# --- output, signals: in a process of its own ---------------------------------------------------------------

PRINTS = """
import sys
from workflows.cli.app import app
from workflows.cli.printing import out, print_json

@app.command()
def picture() -> None:
    out.print("a picture " * 10_000)

@app.command()
def document() -> None:
    print_json(["a document"])

app([sys.argv[1]])
"""


@pytest.mark.parametrize("printed", ["picture", "document", "--help"])
def test_a_command_ends_quietly_when_the_reader_closes_the_output(printed: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-c", PRINTS, printed]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)

    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux alone has a disk that is always full")
@pytest.mark.parametrize("printed", ["picture", "document", "--help"])
def test_a_full_disk_is_reported(printed: str) -> None:
    command = [sys.executable, "-c", PRINTS, printed]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (1, "No space left on device\n")


WAITS = """
import time
from workflows.cli.app import app
from workflows.cli.exit_codes import interruptible

@app.command()
def long() -> None:
    with interruptible(lambda: "2 of 5 are done. The same command goes on."):
        print("at work", flush=True)
        time.sleep(60)

app(["long"])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_prints_what_is_done(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "at work\n"
        process.send_signal(number)
        _, message = process.communicate(timeout=30)

    assert process.returncode == 128 + number
    assert message == "Interrupted. 2 of 5 are done. The same command goes on.\n"


@pytest.fixture
def command() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Adds a command for a test, and removes it again."""
    before = list(app.registered_commands)

    def add(function: Callable[[], None]) -> None:
        app.command()(function)

    yield add
    app.registered_commands[:] = before


def test_a_bug_keeps_its_traceback(command: Callable[[Callable[[], None]], None]) -> None:
    def wrong() -> None:
        raise KeyError("a bug")

    command(wrong)

    assert isinstance(call("wrong").exception, KeyError)


def test_the_exit_code_of_a_command_is_kept(command: Callable[[Callable[[], None]], None]) -> None:
    def three() -> None:
        with interruptible(lambda: ""):
            raise typer.Exit(3)

    command(three)

    assert call("three").exit_code == 3
