"""What `tests.process_use` says about the processes of a stack."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import psutil

from tests.process_use import SPARK_JVM, Watch
from workflows.local.base.home import Home
from workflows.local.lifecycle.processes import MARK

if TYPE_CHECKING:
    from pathlib import Path


def test_a_process_counts_as_what_it_has_become(tmp_path: Path) -> None:
    """`spark-submit` is a shell, which becomes the JVM that it starts."""
    home, java = Home(tmp_path), tmp_path / "java"
    shutil.copy(shutil.which("sleep") or "", java)
    command = ("sh", "-c", f"read line; exec {java} 60")
    marked = {**os.environ, MARK: str(home.folder)}
    watch = Watch(home)

    with subprocess.Popen(command, stdin=subprocess.PIPE, env=marked) as process:
        try:
            watch.sample(is_first=True)
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            wait_for_name(process.pid, java.name)
            watch.sample()
        finally:
            process.kill()

    assert watch.uses().keys() == {SPARK_JVM}


def wait_for_name(pid: int, name: str) -> None:
    deadline = time.monotonic() + 30
    while psutil.Process(pid).name() != name:
        assert time.monotonic() < deadline, f"process {pid} did not become {name}"
        time.sleep(0.01)
