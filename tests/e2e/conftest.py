"""The running stack, accessed only through AWS APIs. If none runs, it is started, and stopped at the end.

`make test` runs two processes, each with a stack of its own: one with what `glueline run` sends, the other
with little data, which is deployed to in many ways. In one process, all tests share one stack.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.checkouts import Checkout
from tests.e2e.new_datasets import PARCELS, orders_contract
from workflows.local.base.home import FOLDER_VARIABLE
from workflows.stack.target import STACK_FILE, Target, local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflows.local.lifecycle.running import Stack

_LAST = Path(__file__).with_name("test_permissions.py")
# They leave a stack that is not that of the checkout any more, in this order.
_CHANGING = ("test_existing_tables", "test_captured_changes", "test_update", "test_continuous")
# What it looks for takes its time: others run meanwhile.
_LATE = ("test_the_changes_of_repeated_requests_can_be_followed",)
# Of the second stack, so that both processes take as long. Modules that need `demo` are not among them.
_SECOND = (
    *("test_alerts", "test_api_under_attack", "test_flow", "test_following_changes"),
    *("test_further_queues", "test_load", "test_parity", "test_people", "test_questions", "test_two_stacks"),
    *("test_existing_tables", "test_captured_changes", "test_update"),
)
STACKS = ("first stack", "second stack")
GLUELINE = (sys.executable, "-m", "workflows.cli")
RUN = ("run", "--lines", "300")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")
            if item.path != _LAST:  # it looks at both stacks
                item.add_marker(pytest.mark.xdist_group(STACKS[item.path.stem in _SECOND]))
    # The last looks at what all others have caused.
    items.sort(key=lambda item: (item.path == _LAST, _changes(item.path), item.name in _LATE))


def _changes(module: Path) -> int:
    """Where a module stands among those that change the stack; behind those that don't."""
    return _CHANGING.index(module.stem) + 1 if module.stem in _CHANGING else 0


def glueline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line in a process."""
    return subprocess.run(
        [*GLUELINE, *arguments], capture_output=True, text=True, check=False, env=os.environ | environment
    )


@pytest.fixture(scope="session")
def is_ours() -> bool:
    """Whether the stack is of the tests alone: it ends with them, so nobody needs it as it was."""
    return FOLDER_VARIABLE in os.environ or not STACK_FILE.exists()


@pytest.fixture(scope="session")
def target(is_ours: bool) -> Iterator[Target]:
    STACK_FILE.parent.mkdir(exist_ok=True)
    if is_ours:
        glueline("down", "--yes")  # what tests that were interrupted have left
    started = glueline("up", "--json")
    assert started.returncode == 0, started.stderr
    assert json.loads(started.stdout)["endpoint_url"].startswith("http://127.0.0.1:")
    yield local()
    if is_ours:
        ended = glueline("down", "--yes")
        assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="session")
def checkout(target: Target, is_ours: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy of the checkout that tests edit and deploy. What one has added is there for the next."""
    yield Checkout(tmp_path_factory.mktemp("checkout"))
    if not is_ours:
        restored = glueline("up")
        assert restored.returncode == 0, restored.stderr


@pytest.fixture(scope="session")
def grown(checkout: Checkout) -> Stack:
    """The stack that one deployment has given two more datasets: parcels, and orders as Debezium has them."""
    checkout.contract("parcels").write_text(PARCELS)
    checkout.contract("orders").write_text(orders_contract(checkout.folder))
    return checkout.deploy()


def run_killed_after(target: Target, seconds: float) -> dict[str, Any]:
    """What a `glueline run` reports of each dataset, after one that was killed.

    It is killed so many seconds after its first file has landed, while it sends the others and messages.
    """
    before = landed(target)
    killed = subprocess.Popen([*GLUELINE, *RUN])
    while landed(target) == before:
        assert killed.poll() is None
        time.sleep(0.1)
    time.sleep(seconds)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = glueline(*RUN, "--json")
    assert again.returncode == 0, again.stderr + again.stdout
    return {outcome["dataset"]: outcome for outcome in json.loads(again.stdout)}


def landed(target: Target) -> int:
    """The number of files that partners have dropped."""
    dropped = target.client("s3").list_objects_v2(Bucket=target.output("RawBucket"), Prefix="drops/")
    return int(dropped["KeyCount"])


@pytest.fixture(scope="session")
def demo(target: Target) -> dict[str, Any]:
    """What `glueline run` reports, which was killed first: from then on the stack has its rows."""
    return run_killed_after(target, 0)
