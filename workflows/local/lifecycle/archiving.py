"""Archives the classes of a warm Spark, once for a checkout: `python -m workflows.local.lifecycle.archiving`.

A Spark warms up as that of a stack does, with an embedded AWS of its own, and writes its classes at its end.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from workflows.local.base.class_archive import FILE
from workflows.local.base.environment import without_proxies
from workflows.local.base.errors import StackError
from workflows.local.base.home import Home
from workflows.local.lifecycle.clients import REGION
from workflows.local.lifecycle.emulator_process import start_emulator, wait_for_health
from workflows.local.lifecycle.listening import listen
from workflows.local.lifecycle.processes import end_processes, marked_environment

_ENVIRONMENT: Final = {
    "PYSPARK_PYTHON": sys.executable,
    "SPARK_LOCAL_IP": "127.0.0.1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def write_class_archive(archive: Path) -> None:
    """Write the archive; one that is there is replaced. Raises StackError."""
    with tempfile.TemporaryDirectory(prefix="glueline-") as folder:
        home = Home(Path(folder))
        home.logs.mkdir(parents=True)
        with listen() as listening:
            host, port = listening.getsockname()
            endpoint = f"http://{host}:{port}"
            emulator = start_emulator(home, listening, home.checkout / "jobs", shutil.which("false") or "")
        try:
            wait_for_health(emulator, endpoint, home)
            written = _warm_up(home, endpoint)
        finally:
            end_processes(home)
            emulator.wait()
        archive.unlink(missing_ok=True)
        shutil.move(written, archive)


def _warm_up(home: Home, endpoint: str) -> Path:
    """Warm a Spark up and end it; the archive of its classes."""
    written = home.folder / "classes.jsa"
    command = [
        *(sys.executable, "-m", "workflows.local.spark.worker", "--endpoint", endpoint),
        *("--scratch", str(home.scratch / "spark"), "--code", str(home.checkout), "--archive", str(written)),
    ]
    ended = subprocess.run(  # noqa: S603 -- our own module
        command,
        cwd=home.checkout,
        env=without_proxies(marked_environment(home)) | _ENVIRONMENT,
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode or not written.is_file():
        raise StackError(f"Spark has written no archive of its classes:\n{ended.stderr.strip()[-2000:]}")
    return written


if __name__ == "__main__":
    try:
        write_class_archive(FILE)
    except StackError as error:
        print(f"Spark will start more slowly, without an archive of its classes. {error}", file=sys.stderr)
