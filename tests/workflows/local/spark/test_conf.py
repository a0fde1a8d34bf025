"""What of the template's Spark settings holds on one machine."""

import pytest

from workflows.local.spark.conf import job_conf, parse_conf

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


def test_an_iceberg_catalog_speaks_to_the_embedded_services_and_keeps_what_the_template_says() -> None:
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
