"""What docs/analysts.md promises, on the running stack: its snippets, dbt, the queries of Power BI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import glueline
from tests.workflows.analysts.test_powerbi import sql_of
from workflows.deploy.packaging import uv
from workflows.local.base.class_archive import use_archive
from workflows.local.base.jars import jar_paths
from workflows.local.spark.conf import FIRST_COMPILER_ALONE
from workflows.query.sql import query

if TYPE_CHECKING:
    from workflows.stack.target import Target

PAGE = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text()
GROCERIES = "select count(*) as n from products where department = 'GROCERY'"
DBT = ("dbt-core==1.11.16", "dbt-duckdb==1.11.1")  # with 1.12, dbt-core fetches a parser from GitHub


@pytest.fixture(scope="module")
def reader(target: Target) -> Target:
    return replace(target, role=target.output("ReaderRoleArn"))


def snippet(engine: str, database: str) -> str:
    """The code of the page about an engine, for this database."""
    (code,) = re.findall(rf"\*\*{engine}\*\*.*?```python\n(.*?)```", PAGE, re.DOTALL)
    return str(code).replace("glueline_lake", database)


def run(code: str, reader: Target, **environment: str) -> str:
    """What the code prints in a process of its own, with the reader's credentials and the stack's address."""
    credentials = reader.credentials()
    environment |= {
        "AWS_ENDPOINT_URL": str(reader.endpoint_url),
        "AWS_REGION": reader.region,
        "AWS_DEFAULT_REGION": reader.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
    }
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()[-1]


def rows(target: Target, sql: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query(target, sql).to_pylist()
    return found


def test_pyiceberg_reads_the_tables(demo: dict[str, Any], reader: Target) -> None:
    code = snippet("PyIceberg", reader.output("LakeDatabase"))

    printed = run(code, reader, PYICEBERG_CATALOG__LAKE__S3__ENDPOINT=str(reader.endpoint_url))

    assert int(printed) == rows(reader, GROCERIES)[0]["n"] > 0


def test_duckdb_reads_the_tables(demo: dict[str, Any], reader: Target) -> None:
    """Extensions come from packages instead of DuckDB's server, and the secret names the stack's address."""
    code = snippet("DuckDB", reader.output("LakeDatabase"))
    secret = str(reader.credentials().secret_key)
    token = str(reader.credentials().token)
    local = (
        f"PROVIDER config, KEY_ID '{reader.credentials().access_key}', SECRET '{secret}', "
        f"SESSION_TOKEN '{token}', ENDPOINT '{str(reader.endpoint_url).removeprefix('http://')}', "
        f"REGION '{reader.region}', URL_STYLE 'path', USE_SSL false"
    )
    loads = "; ".join(f"LOAD '{extension(name)}'" for name in ("avro", "iceberg", "httpfs"))
    code = re.sub(r"INSTALL iceberg.*?LOAD aws", lambda _: loads, code)
    code = code.replace("PROVIDER credential_chain", local)

    assert int(run(code, reader)) == rows(reader, GROCERIES)[0]["n"]


def extension(name: str) -> Path:
    folder = files(f"duckdb_extension_{name}") / "extensions" / f"v{version('duckdb')}"
    return Path(str(folder / f"{name}.duckdb_extension"))


def test_spark_reads_the_tables(demo: dict[str, Any], reader: Target) -> None:
    """The jars are those that are here, and the catalog gets the stack's address."""
    code = snippet("Spark", reader.output("LakeDatabase"))
    code = re.sub(
        r'"spark\.jars\.packages",\s*"[^"]+"',
        lambda _: f'"spark.driver.extraClassPath", {os.pathsep.join(map(str, jar_paths()))!r}',
        code,
    )
    endpoints = " ".join(
        f"--conf spark.sql.catalog.lake.{name}.endpoint={reader.endpoint_url}" for name in ("glue", "s3")
    )
    options = (
        f"--master local[1] --driver-memory 1g --conf spark.ui.enabled=false {endpoints} "
        "--conf spark.sql.catalog.lake.s3.path-style-access=true"
    )

    short_lived = f"{use_archive()} {FIRST_COMPILER_ALONE} -XX:+UseSerialGC"
    printed = run(code, reader, PYSPARK_SUBMIT_ARGS=f"{options} pyspark-shell", JAVA_TOOL_OPTIONS=short_lived)

    assert int(printed) == rows(reader, GROCERIES)[0]["n"]


def test_power_bi_reads_periods_that_together_are_the_table(demo: dict[str, Any], target: Target) -> None:
    printed = glueline("bi", "powerbi", "--dataset", "transactions")
    assert printed.returncode == 0, printed.stderr
    bounds = ("2017-01-01 00:00:00", "2017-07-01 00:00:00", "2018-03-01 00:00:00")

    counted = [len(rows(target, sql_of(printed.stdout, start, end))) for start, end in pairwise(bounds)]

    assert sum(counted) == rows(target, "select count(*) as n from transactions")[0]["n"] > 0


_DBT_COMMANDS = """
import sys
from dbt.cli.main import dbtRunner
project, *commands = sys.argv[1:]
options = ["--no-send-anonymous-usage-stats", "--no-use-colors"]
folders = ["--profiles-dir", project, "--project-dir", project]
for command in commands:
    ran = dbtRunner().invoke([*options, *command.split(), *folders])
    if not ran.success:
        sys.exit(f"dbt {command} failed: {ran.exception or ''}")
"""


def dbt(project: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands of dbt, up to one that fails, in one process: starting takes it longer than working."""
    python = [uv(), "run", "--no-project", "--python", sys.executable, "--with", DBT[0], "--with", DBT[1]]
    return subprocess.run(
        [*python, "python", "-c", _DBT_COMMANDS, str(project), *commands],
        capture_output=True,
        text=True,
        check=False,
    )


def test_dbt_reads_the_sources_and_its_tests_hold(
    demo: dict[str, Any], target: Target, tmp_path: Path
) -> None:
    import duckdb

    (tmp_path / "dbt_project.yml").write_text("name: reading\nversion: '1.0'\nprofile: reading\n")
    (tmp_path / "profiles.yml").write_text(
        "reading: {target: here, outputs: {here: {type: duckdb, path: %s}}}\n" % (tmp_path / "copy.duckdb")
    )
    (tmp_path / "models").mkdir()
    written = glueline("export", "dbt", "--catalog", "copy", "--output", str(tmp_path / "models/sources.yml"))
    assert written.returncode == 0, written.stderr
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as copy:
        copy.execute(f"create schema {target.output('LakeDatabase')}; use {target.output('LakeDatabase')}")
        for dataset in ("households", "products", "transactions"):
            for table in (dataset, f"{dataset}_changes"):
                found = query(target, f"select * from {table}")
                copy.register("found", found)
                copy.execute(f"create table {table} as from found")

    tested = dbt(tmp_path, "--warn-error parse", "test", "source freshness")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert re.search(r"PASS=\d\d WARN=\d ERROR=0", tested.stdout)

    with duckdb.connect(str(tmp_path / "copy.duckdb")) as copy:
        copy.execute(f"use {target.output('LakeDatabase')}")
        copy.execute("insert into transactions from (from transactions limit 1)")
        copy.execute("update products set brand = 'Other'")
    broken = dbt(tmp_path, "test")
    assert broken.returncode == 1
    failed = set(re.findall(r"Failure in test (\w+)", broken.stdout))
    assert "transactions_key_unique" in failed
    assert any("accepted_values" in name and "brand" in name for name in failed)
    assert len(failed) == 2
