"""The Spark session of the bench: that of a local job, with a catalog in a folder, and with Delta."""

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from jobs.runtime.session import spare_calls
from workflows.local.base.home import DEFAULT
from workflows.local.base.jars import jar_paths
from workflows.local.spark.conf import machine_conf

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FOLDER: Final = DEFAULT.folder / "bench"
WAREHOUSE: Final = FOLDER / "iceberg"
CATALOG: Final = "spark.sql.catalog.glue_catalog"
# The version of Delta Lake in Glue 6.0.
DELTA: Final = ("io.delta:delta-spark_4.1_2.13:4.2.0", "io.delta:delta-storage:4.2.0")
EXTENSIONS: Final = (
    "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "io.delta.sql.DeltaSparkSessionExtension",
)
# Jobs, stages and queries that Spark remembers: parts of the bench count them.
COUNTED: Final = (
    "spark.ui.retainedJobs",
    "spark.ui.retainedStages",
    "spark.sql.ui.retainedExecutions",
)


@cache
def spark() -> "SparkSession":
    """A session with two cores and the memory of a local job, started on first use."""
    from pyspark.sql import SparkSession

    scratch = FOLDER / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = SparkSession.builder.config(
        map={
            **machine_conf(jar_paths(), scratch),
            "spark.jars.packages": ",".join(DELTA),
            "spark.sql.extensions": ",".join(EXTENSIONS),
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            **dict.fromkeys(COUNTED, "100000"),
            CATALOG: "org.apache.iceberg.spark.SparkCatalog",
            f"{CATALOG}.type": "hadoop",
            f"{CATALOG}.warehouse": str(WAREHOUSE),
        }
    ).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    spare_calls(session)  # as sessions of jobs do
    return session
