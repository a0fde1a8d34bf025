"""Finds a Java that Spark 4.1 runs on, or reports how to get one: `python -m workflows.local.base.java`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from workflows.local.base.errors import StackError

OLDEST: Final = 17
_ADVICE: Final = (
    "Debian and Ubuntu: apt-get install -y openjdk-17-jdk-headless; "
    "Fedora: dnf install -y java-21-openjdk-headless; macOS: brew install openjdk@17. "
    "Or set JAVA_HOME to one you have."
)


class NoJava(StackError):
    """Raised when no Java is found that Spark runs on."""


def find_java() -> Path:
    """The `java` that Spark starts: that of JAVA_HOME, else the first on the PATH; raises NoJava."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if found is None:
        raise NoJava(f"Spark needs a JDK {OLDEST} or newer, and there is no java on the PATH. {_ADVICE}")
    version = java_version(_version_output(found))
    if version is None or version < OLDEST:
        raise NoJava(
            f"Spark needs a JDK {OLDEST} or newer; {found} is {version or 'not a working java'}. {_ADVICE}"
        )
    return Path(found)


def java_version(output: str) -> int | None:
    """The major version in the output of `java -version`: 17 for "17.0.15", 8 for "1.8.0_392"."""
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match[1]) if match else None


def _version_output(java: str) -> str:
    """The output of `java -version`; empty if it fails (macOS has a `java` that only asks for a JDK)."""
    try:
        return subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr  # noqa: S603 -- a `java` of PATH
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    try:
        find_java()
    except NoJava as error:
        sys.exit(str(error))
