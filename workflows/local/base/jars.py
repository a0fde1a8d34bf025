"""The jars that Glue 6.0 has and a plain PySpark lacks: fetched once, then found through a record.

`python -m workflows.local.base.jars` fetches them; so does `jar_paths()`, if they are missing.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from workflows.local.base.errors import StackError
from workflows.local.base.home import CHECKOUT, TOOLS

COORDINATES: Final = (
    "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0",
    "org.apache.iceberg:iceberg-aws-bundle:1.11.0",
    "org.apache.hadoop:hadoop-aws:3.4.2",
    "software.amazon.awssdk:s3:2.40.2",
    "software.amazon.awssdk:s3-transfer-manager:2.40.2",
)
# hadoop-aws depends on 600 MB of SDK, of which S3A needs the modules above; Spark replaces commons-logging.
EXCLUDES: Final = ("software.amazon.awssdk:bundle", "commons-logging:commons-logging")
WANTED: Final = [*COORDINATES, *(f"not {one}" for one in EXCLUDES)]
_RECORD: Final = TOOLS / "jars.json"


class NoJars(StackError):
    """Raised when the jars can't be fetched."""


@dataclass(frozen=True, slots=True)
class JarRecord:
    """What was fetched, and for which coordinates."""

    wanted: list[str]
    jars: list[str]

    def to_json(self) -> str:
        """The text of the record's file."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "JarRecord":
        """The record of a file; raises ValueError if it is damaged."""
        return cls(**json.loads(text))


def jar_paths(record: Path = _RECORD) -> list[str]:
    """The jar files, fetched if they are missing; raises NoJars."""
    recorded = _recorded(record)
    if recorded is not None:
        return recorded
    # In a process of its own: a JVM started here would stay, and be the JVM of every later session.
    command = [sys.executable, "-m", "workflows.local.base.jars", "--fetch", str(record)]
    fetch = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S603 -- ourselves
    fetched = _recorded(record)
    if fetch.returncode or fetched is None:
        last = "\n".join(fetch.stderr.strip().splitlines()[-12:])
        raise NoJars(
            f"Spark's jars could not be fetched from Maven Central ({', '.join(COORDINATES)}). "
            f"Check the network and run this again: python -m workflows.local.base.jars\n{last}"
        )
    return fetched


def _recorded(record: Path) -> list[str] | None:
    """The recorded jars, if they are those wanted and all of them exist."""
    try:
        recorded = JarRecord.from_json(record.read_text())
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if recorded.wanted != WANTED or not all(Path(jar).is_file() for jar in recorded.jars):
        return None
    return recorded.jars


def _fetch(record: Path) -> None:
    """Resolve the coordinates with Spark's own Ivy, and record the jars that Spark lacks. No Spark starts."""
    import pyspark
    from pyspark import SparkConf
    from pyspark.java_gateway import launch_gateway

    wanted = SparkConf().set("spark.jars.packages", ",".join(COORDINATES))
    gateway = launch_gateway(  # type: ignore[no-untyped-call]
        wanted.set("spark.jars.excludes", ",".join(EXCLUDES))
    )
    resolved = SparkConf(_jvm=gateway.jvm).get("spark.jars") or ""
    gateway.shutdown()
    found = [unquote(urlsplit(jar).path) for jar in resolved.split(",")]
    jars = lacking(found, (Path(pyspark.__file__).parent / "jars").glob("*.jar"))
    record.parent.mkdir(parents=True, exist_ok=True)
    written = record.with_suffix(".new")
    written.write_text(JarRecord(WANTED, jars).to_json())
    written.replace(record)


def lacking(found: Iterable[str], own: Iterable[Path]) -> list[str]:
    """The jars of libraries that Spark does not include; for those it includes, its own version is used.

    >>> lacking(["/ivy/io.netty_netty-common-4.1.0.jar", "/ivy/x_y-1.jar"], [Path("netty-common-4.2.jar")])
    ['/ivy/x_y-1.jar']
    """
    present = {_library(jar.name) for jar in own}
    return [jar for jar in found if _library(Path(jar).name.partition("_")[2]) not in present]


def _library(file_name: str) -> str:
    """The name without its version: `netty-common` of `netty-common-4.1.126.Final.jar`."""
    return re.sub(r"-\d.*", "", file_name)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fetch"]:
        _fetch(Path(sys.argv[2]))
    else:
        try:
            jar_paths()
        except NoJars as error:
            sys.exit(str(error))
