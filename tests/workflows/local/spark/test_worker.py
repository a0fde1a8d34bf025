"""The warm Spark from run to run, in a process of its own, since a process has one Spark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from workflows.local.base.home import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.spark, pytest.mark.timeout(420)]

# A first run that leaves behind what it can; then runs that need a setting Spark takes at its start only.
LIFE = """
import json, sys
from pathlib import Path
from pyspark.sql import SparkSession
from workflows.local.spark.worker import WarmSpark

KRYO = {"spark.serializer": "org.apache.spark.serializer.KryoSerializer"}
warm = WarmSpark("http://127.0.0.1:1", Path(sys.argv[1]), Path.cwd())
seen = []

def run(template):
    warm.session(template)
    spark = SparkSession.builder.getOrCreate()  # as a job's script does
    seen.append({
        "said": spark.conf.get("spark.glueline.said", None),
        "views": [view.name for view in spark.catalog.listTables()],
        "serializer": spark.sparkContext.getConf().get("spark.serializer", "default"),
        "context": spark.sparkContext.applicationId,
        "partitions": spark.conf.get("spark.sql.shuffle.partitions"),
    })
    return spark

spark = run({"spark.glueline.said": "hello", "spark.sql.shuffle.partitions": "200"})
spark.conf.set("spark.glueline.said", "left behind")
spark.range(3).createOrReplaceTempView("left_behind")
run({})
run(KRYO)
run(KRYO).stop()
run({})
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each run of that life saw."""
    scratch: Path = tmp_path_factory.mktemp("scratch")
    lived = subprocess.run(
        [sys.executable, "-c", LIFE, str(scratch)],
        cwd=CHECKOUT,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert lived.returncode == 0, lived.stderr[-3000:]
    seen: list[dict[str, Any]] = json.loads(lived.stdout.splitlines()[-1])
    return seen


def test_a_run_has_the_settings_of_its_job(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["said"] == "hello"


def test_what_the_machine_decides_no_job_changes(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["partitions"] == "4"


def test_nothing_of_a_run_is_left_for_the_next(runs: list[dict[str, Any]]) -> None:
    assert (runs[1]["said"], runs[1]["views"]) == (None, [])


def test_runs_share_one_spark(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["context"] == runs[1]["context"]


def test_a_setting_that_a_running_spark_does_not_take_costs_a_new_one_once(
    runs: list[dict[str, Any]],
) -> None:
    assert runs[2]["serializer"] == "org.apache.spark.serializer.KryoSerializer"
    assert runs[1]["context"] != runs[2]["context"] == runs[3]["context"]


def test_a_script_that_stops_spark_does_not_stop_the_next_run(runs: list[dict[str, Any]]) -> None:
    assert runs[4]["context"] != runs[3]["context"]
    assert runs[4]["said"] is None
