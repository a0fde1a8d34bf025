"""Several runs on one warm Spark, in a process of its own, because a process has one Spark context."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from workflows.local.base.home import CHECKOUT

pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(420),
    pytest.mark.long,
    pytest.mark.xdist_group("warm Spark"),  # whose runs are made once
]

# The first run leaves settings and views; later ones need a setting that Spark accepts only when it starts.
PROGRAM = """
import json, os, sys
from pathlib import Path
from pyspark.sql import SparkSession
from workflows.local.spark.worker import WarmSpark

KRYO = {"spark.serializer": "org.apache.spark.serializer.KryoSerializer"}
warm = WarmSpark("http://127.0.0.1:1", Path(sys.argv[1]), Path.cwd())
observed = []

def run(template):
    warm.session(template)
    spark = SparkSession.builder.getOrCreate()  # as a job's script does
    observed.append({
        "setting": spark.conf.get("spark.glueline.test", None),
        "views": [view.name for view in spark.catalog.listTables()],
        "serializer": spark.sparkContext.getConf().get("spark.serializer", "default"),
        "context": spark.sparkContext.applicationId,
        "partitions": spark.conf.get("spark.sql.shuffle.partitions"),
    })
    return spark

spark = run({"spark.glueline.test": "hello", "spark.sql.shuffle.partitions": "200"})
spark.conf.set("spark.glueline.test", "left behind")
spark.range(3).createOrReplaceTempView("left_behind")
run({})
run(KRYO)
run(KRYO).stop()
run({})
for key in ("of one role", "of another"):
    warm.act_as({"AWS_ACCESS_KEY_ID": key})
    context = SparkSession.builder.getOrCreate().sparkContext
    of_worker = context.parallelize([0], 1).map(lambda _: os.environ["AWS_ACCESS_KEY_ID"]).collect()
    observed.append({"keys": [context._jvm.System.getProperty("aws.accessKeyId"), *of_worker]})
print(json.dumps(observed))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each run observed."""
    scratch = tmp_path_factory.mktemp("scratch")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(scratch)],
        cwd=CHECKOUT,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    observed: list[dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
    return observed


def test_a_run_has_the_settings_of_its_job(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["setting"] == "hello"


def test_a_job_can_not_change_settings_of_the_machine(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["partitions"] == "4"


def test_nothing_of_a_run_is_left_for_the_next(runs: list[dict[str, Any]]) -> None:
    assert (runs[1]["setting"], runs[1]["views"]) == (None, [])


def test_runs_share_one_spark(runs: list[dict[str, Any]]) -> None:
    assert runs[0]["context"] == runs[1]["context"]


def test_a_setting_that_a_running_spark_does_not_accept_needs_a_new_one_once(
    runs: list[dict[str, Any]],
) -> None:
    assert runs[2]["serializer"] == "org.apache.spark.serializer.KryoSerializer"
    assert runs[1]["context"] != runs[2]["context"] == runs[3]["context"]


def test_a_script_that_stops_spark_does_not_stop_the_next_run(runs: list[dict[str, Any]]) -> None:
    assert runs[4]["context"] != runs[3]["context"]
    assert runs[4]["setting"] is None


def test_the_jvm_and_python_workers_have_the_credentials_of_the_run(runs: list[dict[str, Any]]) -> None:
    assert [run["keys"] for run in runs[5:]] == [["of one role"] * 2, ["of another"] * 2]
