"""Lists of Java objects arrive whole and in order, with a call for ten elements."""

from typing import TYPE_CHECKING, Any

import pytest

from jobs.runtime.jvm_lists import pass_lists_at_once
from tests.jobs.runtime.jvm_commands import commands_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(("length", "calls"), [(0, 1), (1, 1), (10, 1), (11, 5), (25, 7)])
def test_a_list_of_java_objects_arrives_in_order(
    spark: "SparkSession", monkeypatch: pytest.MonkeyPatch, length: int, calls: int
) -> None:
    pass_lists_at_once()
    jvm: Any = spark._jvm
    builders = [jvm.java.lang.StringBuilder(str(number)) for number in range(length)]
    join, commands = jvm.java.util.Objects.toString, commands_of(monkeypatch)

    found = join(builders)

    assert found == str(list(range(length)))
    assert len(commands) == calls + 1


def test_other_lists_are_passed_as_before(spark: "SparkSession") -> None:
    pass_lists_at_once()
    jvm: Any = spark._jvm

    assert jvm.java.util.Objects.toString(["a", None, 1]) == "[a, null, 1]"
    assert jvm.java.util.Objects.toString([jvm.java.lang.StringBuilder("b"), None]) == "[b, null]"
