"""The running stack, accessed only through AWS APIs. If none runs, it is started, and stopped at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflows.stack.target import STACK_FILE, Target, local

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAST = Path(__file__).with_name("test_permissions.py")
GLUELINE = (sys.executable, "-m", "workflows.cli")
RUN = ("run", "--lines", "300")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")
    items.sort(key=lambda item: item.path == _LAST)  # it looks at what all others have caused


def glueline(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line in a process."""
    return subprocess.run([*GLUELINE, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    ours = not STACK_FILE.exists()
    started = glueline("up", "--json")
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["endpoint_url"].startswith("http://127.0.0.1:")
    yield local()
    if ours:
        ended = glueline("down", "--yes")
        assert ended.returncode == 0, ended.stderr


def run_killed_after(seconds: int) -> dict[str, Any]:
    """What a `glueline run` reports of each dataset, after one that was killed."""
    killed = subprocess.Popen([*GLUELINE, *RUN])
    time.sleep(seconds)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = glueline(*RUN, "--json")
    assert again.returncode == 0, again.stderr + again.stdout
    return {outcome["dataset"]: outcome for outcome in json.loads(again.stdout)}


@pytest.fixture(scope="session")
def demo(target: Target) -> dict[str, Any]:
    """What `glueline run` reports, which was killed first: from then on the stack has its rows."""
    return run_killed_after(3)
