"""Shared by all tests: hypothesis profiles, an AWS on this machine, and one Spark session."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.moto_server import aws_in_this_process

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Where tests of Spark may be: the stage of `make test` that runs them imports no other tests.
SPARK_TESTS = (
    *("tests/expectations", "tests/faults", "tests/hostile", "tests/jobs", "tests/workflows/local"),
    "tests/test_job_costs.py",
)
SURVIVED = "fault survived"  # a property of a test's report, which also comes from xdist's workers

# A property that runs Spark takes seconds an example: few by default, many with --hypothesis-profile=deep.
_SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
# CI draws the same examples for the same code, so that a submission is judged by what it changes.
settings.register_profile(
    "default", deadline=None, suppress_health_check=_SLOW, derandomize="CI" in os.environ
)
settings.register_profile("deep", deadline=None, suppress_health_check=_SLOW, max_examples=500)
settings.load_profile("default")

_OF_LIBRARIES = (
    # py4j leaves closing its sockets to the garbage collector, which may do so during any test.
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::ResourceWarning",
    # Great Expectations imports modules that Python 3.13 deprecates.
    "ignore::DeprecationWarning:great_expectations",
    "ignore:module 'sre_constants' is deprecated:DeprecationWarning",
)


def pytest_configure() -> None:
    """Handle signals that a shell ignores in background jobs: tests send them to their processes."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Keep bytes out of the names of tests: those of archives have the time, and so may their length."""
    return "bytes" if isinstance(val, bytes) else None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the session as a Spark test, and say what a process runs, and when.

    The tests of a module are for one process, which makes once what they share. Only long tests are dealt out
    one by one, and begin first: at the end they would leave the other processes with nothing to do.
    """
    sizes = Counter[str]()
    for item in items:
        if _uses_spark(item) and item.nodeid.startswith(SPARK_TESTS):
            item.add_marker(pytest.mark.spark)
            for ignored in _OF_LIBRARIES:
                item.add_marker(pytest.mark.filterwarnings(ignored))
        module = item.nodeid.partition("::")[0]
        if not (item.get_closest_marker("xdist_group") or item.get_closest_marker("long")):
            item.add_marker(pytest.mark.xdist_group(module))
        sizes[_group(item)] += 1

    def place(item: pytest.Item) -> tuple[bool, int]:
        if item.get_closest_marker("e2e"):  # they have an order of their own
            return True, 0
        return item.get_closest_marker("long") is None, -sizes[_group(item)]

    items.sort(key=place)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test of Spark that the stage of Spark would not find."""
    if _uses_spark(item) and not item.get_closest_marker("spark"):
        pytest.fail(f"a test that uses Spark is expected in one of {', '.join(SPARK_TESTS)}")


def _uses_spark(item: pytest.Item) -> bool:
    return "spark" in getattr(item, "fixturenames", ())


def _group(item: pytest.Item) -> str:
    group = item.get_closest_marker("xdist_group")
    return item.nodeid if group is None else str(group.args[0])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many faults the tests of `tests/faults` survived, by kind."""
    survived = Counter(
        kind
        for report in terminalreporter.stats.get("passed", ())
        if report.when == "call"
        for name, kind in report.user_properties
        if name == SURVIVED
    )
    if survived:
        terminalreporter.section(f"{survived.total()} faults survived")
        for kind, number in sorted(survived.items()):
            terminalreporter.write_line(f"{number:5} {kind}")


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The address of an AWS in this process, also for the Python workers that Spark starts."""
    with pytest.MonkeyPatch.context() as patch, aws_in_this_process() as address:
        for reader in ("jobs.intake.queue", "workflows.operations.dead_letters"):
            patch.setattr(f"{reader}.WAIT_SECONDS", 0)  # with one server, an empty answer is true
        yield address


@pytest.fixture(scope="session")
def spark(aws: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """The shared session: Spark as the jobs get it, with a catalog in a folder instead of AWS Glue."""
    from tests.sessions import start_session

    session = start_session(tmp_path_factory.mktemp("lake"))
    yield session
    session.stop()


@pytest.fixture(scope="module")
def small_data_spark(spark: "SparkSession") -> Iterator["SparkSession"]:
    """The shared session with settings that are fastest for few rows."""
    from jobs.lake.session import FEW_ROWS

    usual = {name: spark.conf.get(name) or "" for name in FEW_ROWS}
    for name, value in FEW_ROWS.items():
        spark.conf.set(name, value)
    yield spark
    for name, value in usual.items():
        spark.conf.set(name, value)
