"""Spark settings of a local run: those of the template, and those that one machine changes."""

from pathlib import Path

import pytest

from workflows.local.spark.conf import endpoint_conf, job_conf, machine_conf, parse_conf

CATALOG = "spark.sql.catalog.glue_catalog"
ENDPOINT = "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", {}),
        ("spark.a=1", {"spark.a": "1"}),
        ("spark.a=1 --conf spark.b=x=y", {"spark.a": "1", "spark.b": "x=y"}),
        ("--conf spark.a=1\n  --conf  spark.b=two words ", {"spark.a": "1", "spark.b": "two words"}),
    ],
)
def test_the_conf_argument_is_read_as_glue_reads_it(argument: str, expected: dict[str, str]) -> None:
    assert parse_conf(argument) == expected


def test_an_iceberg_catalog_uses_the_embedded_services_and_keeps_its_other_settings() -> None:
    template = {
        CATALOG: "org.apache.iceberg.spark.SparkCatalog",
        f"{CATALOG}.warehouse": "s3://lake/warehouse",
    }

    conf = job_conf(template, ENDPOINT)

    assert conf == template | {
        f"{CATALOG}.glue.endpoint": ENDPOINT,
        f"{CATALOG}.s3.endpoint": ENDPOINT,
        f"{CATALOG}.s3.path-style-access": "true",
        f"{CATALOG}.client.region": "us-east-1",
    }


def test_a_catalog_that_is_not_icebergs_is_left_alone() -> None:
    template = {"spark.sql.catalog.other": "com.example.Catalog"}

    assert job_conf(template, ENDPOINT) == template


def test_nothing_of_spark_listens_or_writes_beyond_its_machine_and_folder(tmp_path: Path) -> None:
    conf = machine_conf(["/jars/a.jar", "/jars/b.jar"], tmp_path)

    assert conf["spark.driver.bindAddress"] == conf["spark.driver.host"] == "127.0.0.1"
    assert conf["spark.ui.enabled"] == "false"
    assert conf["spark.driver.extraClassPath"] == "/jars/a.jar:/jars/b.jar"
    assert {conf["spark.local.dir"], conf["spark.sql.warehouse.dir"]} == {
        str(tmp_path),
        str(tmp_path / "warehouse"),
    }


def test_files_under_s3_and_s3a_are_in_the_embedded_s3() -> None:
    conf = endpoint_conf(ENDPOINT)

    assert conf["spark.hadoop.fs.s3.impl"] == "org.apache.hadoop.fs.s3a.S3AFileSystem"
    assert conf["spark.hadoop.fs.s3a.endpoint"] == ENDPOINT
