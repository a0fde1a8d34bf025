"""The embedded AWS as `up` starts it, without Spark and without our template."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from workflows.local.base.home import Home
from workflows.local.lifecycle.emulator_process import start_emulator, wait_for_health
from workflows.local.lifecycle.listening import listen
from workflows.local.lifecycle.processes import end_processes


@contextmanager
def embedded(home: Home, *, as_aws: bool = False) -> Iterator[str]:
    """Its address, for as long as the block."""
    home.logs.mkdir(parents=True, exist_ok=True)
    with listen() as listening:
        host, port = listening.getsockname()
        without_spark = shutil.which("false") or ""
        process = start_emulator(home, listening, home.folder, without_spark, as_aws=as_aws)
    try:
        wait_for_health(process, f"http://{host}:{port}", home)
        yield f"http://{host}:{port}"
    finally:
        end_processes(home)
        process.wait()
