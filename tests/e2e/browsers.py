"""Chromium for tests: that of the user or, where the package manager allows it, one that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALLERS: Final = {  # of root
    "apt-get": ("apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core",),
    "dnf": ("dnf install -y -q chromium",),
    "apk": ("apk add -q chromium font-dejavu",),
}
ADVICE: Final = (
    "The tests of the console need Chromium, and none is on the PATH. Debian and Ubuntu: apt-get install -y "
    "chromium; Fedora: dnf install -y chromium; macOS: brew install --cask chromium."
)


class NoBrowser(Exception):
    """Raised when there is no Chromium and it can't be installed; the message says how to get one."""


def find_chromium() -> str:
    """The path of a Chromium. Raises NoBrowser."""
    return _on_path() or _installed()


def arguments() -> list[str]:
    """The options that it needs: root has no sandbox."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []


def _on_path() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _installed() -> str:
    installer = next((name for name in INSTALLERS if shutil.which(name)), None)
    if os.geteuid() != 0 or installer is None:
        raise NoBrowser(ADVICE)
    if installer == "apt-get":
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
    for command in INSTALLERS[installer]:
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoBrowser(f"{ADVICE} {installer} could not install it: {done.stderr.strip()[-300:]}")
    found = _on_path()
    if found is None:
        raise NoBrowser(ADVICE)
    return found
