"""Spark's configuration of a local run: the template's, and what has to differ on one machine.

The template's `--conf` decides what a job has (catalogs, extensions, SQL settings). The addresses of the AWS
services and the size of the machine come from here, and take precedence.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# Of the driver, which also executes. With 2560, a million changes took 4.02 GiB, Python workers included.
HEAP_MIB: Final = 2304
# Of the JVM. The second compiler costs a local stack more than it gains (decision 69). Without that one, the
# JVM reserves a fifth of the room for code, and compiles again what it removed to make room.
FIRST_COMPILER_ALONE: Final = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
_CATALOG: Final = re.compile(r"spark\.sql\.catalog\.(\w+)")
ICEBERG_CATALOGS: Final = (
    "org.apache.iceberg.spark.SparkCatalog",
    "org.apache.iceberg.spark.SparkSessionCatalog",
)


def parse_conf(argument: str) -> dict[str, str]:
    """The settings of Glue's `--conf` argument, which has several in one text: `a=1 --conf b=2`.

    >>> parse_conf("spark.a=1 --conf spark.b=x=y")
    {'spark.a': '1', 'spark.b': 'x=y'}
    """
    settings = (part.strip() for part in re.split(r"(?:^|\s)--conf\s+", argument))
    pairs = (setting.partition("=") for setting in settings if setting)
    return {key.strip(): value.strip() for key, _, value in pairs}


def machine_conf(jars: Sequence[str], scratch: Path, java_options: str = "") -> dict[str, str]:
    """The settings of one machine: size, jars, folders, and listening on the loopback only."""
    return {
        "spark.master": "local[2]",
        "spark.app.name": "glueline",
        # Not spark.jars, which copies each jar at every start.
        "spark.driver.extraClassPath": os.pathsep.join(jars),
        "spark.driver.memory": f"{HEAP_MIB}m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # Quoted, because Spark splits at blanks.
        "spark.driver.extraJavaOptions": " ".join(
            filter(None, (f'"-Djava.io.tmpdir={scratch}"', "-XX:+UseParallelGC", java_options))
        ),
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        # With it, each call for an expression makes six more, for the line of Python that errors then name.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        # Four partitions are enough for a few thousand rows; Spark's default of 200 costs seconds.
        "spark.sql.shuffle.partitions": "4",
        # The template has it as well, but a context that runs does not take it.
        "spark.scheduler.mode": "FAIR",
        "spark.ui.enabled": "false",
        "spark.sql.ui.explainMode": "simple",  # of the text that each plan gets for the UI
        "spark.ui.showConsoleProgress": "false",
    }


def endpoint_conf(endpoint: str) -> dict[str, str]:
    """Files in the embedded S3, under `s3://`, as on Glue, and under `s3a://`."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        # Read anew for each request, as by Iceberg's default provider: each run has those of its role.
        "spark.hadoop.fs.s3a.aws.credentials.provider": (
            "software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider"
        ),
    }


def job_conf(template: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """A job's own settings, with the embedded Glue and S3 as endpoints of every Iceberg catalog."""
    local: dict[str, str] = {}
    for key, value in template.items():
        if _CATALOG.fullmatch(key) and value in ICEBERG_CATALOGS:
            local |= {
                f"{key}.glue.endpoint": endpoint,
                f"{key}.s3.endpoint": endpoint,
                f"{key}.s3.path-style-access": "true",
                f"{key}.client.region": "us-east-1",
            }
    return {**template, **local}
