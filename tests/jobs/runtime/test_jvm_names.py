"""A name of the JVM is looked up once, and means the same afterwards."""

from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import SparkSession

from jobs.runtime.jvm_names import look_up_once
from tests.jobs.runtime.jvm_commands import commands_of

if TYPE_CHECKING:
    from py4j.java_gateway import JavaGateway  # type: ignore[import-untyped]

pytestmark = pytest.mark.spark
PI = "3.141592653589793"


@pytest.fixture
def jvm(spark: SparkSession) -> Any:
    """A view of the session's JVM that no one has asked yet."""
    gateway: JavaGateway = spark.sparkContext._gateway
    return gateway.new_jvm_view("names")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that are sent to the JVM."""
    return commands_of(monkeypatch)


def test_a_method_is_called_with_one_call_when_its_name_is_known(jvm: Any, asked: list[str]) -> None:
    look_up_once(jvm)
    before = [jvm.java.lang.Integer.parseInt("7"), jvm.java.lang.Integer.parseInt("11", 2)]
    asked.clear()

    after = [jvm.java.lang.Integer.parseInt("7"), jvm.java.lang.Integer.parseInt("11", 2)]

    assert before == after == [7, 3]
    assert len(asked) == 2


def test_a_dotted_name_and_an_inner_class_are_kept_too(jvm: Any, asked: list[str]) -> None:
    look_up_once(jvm)
    names = "java.util.AbstractMap"
    assert getattr(jvm, names).SimpleEntry("a", "b").getValue() == "b"
    asked.clear()

    assert getattr(jvm, names).SimpleEntry("a", "b").getKey() == "a"
    assert len(asked) == 2  # the constructor and the method


def test_the_value_of_a_static_field_is_read_each_time(jvm: Any, asked: list[str]) -> None:
    look_up_once(jvm)
    assert str(jvm.java.lang.Math.PI) == PI
    asked.clear()

    assert str(jvm.java.lang.Math.PI) == PI
    assert len(asked) == 1


def test_a_class_that_does_not_exist_yet_is_looked_up_again(jvm: Any, asked: list[str]) -> None:
    look_up_once(jvm)

    found = [jvm.java.lang.OfALaterJar, jvm.java.lang.OfALaterJar]

    assert found[0] is not found[1]
    assert len(asked) == 4  # java, java.lang, and the class twice


def test_to_ask_for_it_twice_changes_nothing(jvm: Any) -> None:
    look_up_once(jvm)
    kept = jvm.java
    look_up_once(jvm)

    assert jvm.java is kept
