"""The archive of Spark's classes (the JVM's class data sharing), with which Spark starts in half the time.

`workflows.local.lifecycle.archiving` makes it when everything is set up. A JVM of another version, or with
other jars, finds that the archive does not fit, and loads the classes from the jars as without one.
"""

from pathlib import Path
from typing import Final

from workflows.local.base.home import TOOLS

FILE: Final = TOOLS / "spark-classes.jsa"
_SILENT: Final = "-Xlog:cds=off -Xlog:cds+dynamic=off"  # about an archive that does not fit


def use_archive(archive: Path = FILE) -> str:
    """Options of a JVM that reads its classes from the archive; empty if there is none."""
    return (
        f'"-XX:SharedArchiveFile={archive}" -Xlog:cds=off -Xlog:cds+dynamic=off' if archive.is_file() else ""
    )


def write_archive(archive: Path) -> str:
    """Options of a JVM that writes the classes that it has loaded to the archive when it ends."""
    return f'"-XX:ArchiveClassesAtExit={archive}" {_SILENT}'
