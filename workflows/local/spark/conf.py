"""Spark's configuration of a local run: the template's, and what has to differ on one machine.

The template's `--conf` decides what a job sees (catalogs, extensions, SQL settings). Only where the AWS
services are and how large the machine is come from here, and win.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Of the driver, in which executors run too. With 2560, a million changes took 4.02 GiB (Python workers too).
HEAP_MIB: Final = 2304
_CATALOG: Final = re.compile(r"spark\.sql\.catalog\.(\w+)")
ICEBERG_CATALOGS: Final = (
    "org.apache.iceberg.spark.SparkCatalog",
    "org.apache.iceberg.spark.SparkSessionCatalog",
)


def parse_conf(argument: str) -> dict[str, str]:
    """The settings of Glue's `--conf` argument: `a=1 --conf b=2`, in one text, as its users write it.

    >>> parse_conf("spark.a=1 --conf spark.b=x=y")
    {'spark.a': '1', 'spark.b': 'x=y'}
    """
    settings = (part.strip() for part in re.split(r"(?:^|\s)--conf\s+", argument))
    pairs = (setting.partition("=") for setting in settings if setting)
    return {key.strip(): value.strip() for key, _, value in pairs}


def machine_conf(jars: Sequence[str], scratch: Path) -> dict[str, str]:
    """What one machine decides: size, jars, folders, and nothing that listens beyond it."""
    return {
        "spark.master": "local[2]",
        "spark.app.name": "glueline",
        # Not by spark.jars, which makes a copy of each at every start.
        "spark.driver.extraClassPath": os.pathsep.join(jars),
        "spark.driver.memory": f"{HEAP_MIB}m",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # Quoted, since Spark splits at blanks.
        "spark.driver.extraJavaOptions": f'"-Djava.io.tmpdir={scratch}" -XX:+UseParallelGC',
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        # Four partitions for a few thousand rows; the 200 that Spark assumes cost seconds of nothing.
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def endpoint_conf(endpoint: str) -> dict[str, str]:
    """Raw files in the embedded S3, by the `s3://` that Glue uses as well as by `s3a://`."""
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        "spark.hadoop.fs.s3a.access.key": "test",
        "spark.hadoop.fs.s3a.secret.key": "test",
    }


def job_conf(template: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """A job's own settings, with every Iceberg catalog among them sent to the embedded Glue and S3."""
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
