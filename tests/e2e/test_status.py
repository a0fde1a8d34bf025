"""`glueline status` on the running stack, at a terminal of 80 columns and 24 rows, and through a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.conftest import GLUELINE, glueline

if TYPE_CHECKING:
    from workflows.stack.target import Target

pytestmark = pytest.mark.usefixtures("demo")
ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def at_a_terminal() -> list[str]:
    """What the command leaves on a screen of 80 columns, without colours and cursor movements."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    with subprocess.Popen(
        [*GLUELINE, "status"], stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    ) as child:
        os.close(theirs)
        written = b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:  # the command has ended
                break
            if not some:
                break
            written += some
        child.wait()
    os.close(ours)
    return ESCAPES.sub("", written.decode()).replace("\r", "").splitlines()


def test_the_demo_leaves_dead_letters_and_the_first_lines_say_so() -> None:
    """The demo sends messages that break their contract."""
    lines = at_a_terminal()

    assert re.fullmatch(r"\d+ things? (is|are) wrong:", lines[0])
    assert any("dead letters" in line and line.endswith("glueline redrive --dry-run") for line in lines[1:8])
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for dataset in ("households", "products", "transactions"):
        assert any(line.startswith(dataset) for line in lines)


def test_a_pipe_gets_json_and_no_control_characters(target: Target) -> None:
    ended = glueline("status", "--json")

    found: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == 1
    assert {one["do"] for one in found["wrong"]} >= {"glueline redrive --dry-run"}
    assert found["endpoint_url"] == target.endpoint_url
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", ended.stderr)
