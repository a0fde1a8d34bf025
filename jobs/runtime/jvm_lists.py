"""Lists of Java objects, such as the columns of a query, passed with few calls.

py4j makes a Java list by a call for the list and one for each element. `List.of` takes up to ten at once.
"""

from collections.abc import Sequence
from functools import cache
from itertools import batched
from typing import Any

from py4j.java_gateway import JavaClass, JavaMember, JavaObject  # type: ignore[import-untyped]
from py4j.protocol import STATIC_PREFIX, register_input_converter  # type: ignore[import-untyped]

_AT_ONCE = 10


@cache
def pass_lists_at_once() -> None:
    """From now on, pass lists of Java objects so, in all sessions of this process."""
    register_input_converter(_ListsOfJavaObjects(), prepend=True)


class _ListsOfJavaObjects:
    """Converts them as py4j's own converter of lists does. Those of up to ten elements are immutable."""

    def can_convert(self, value: Any) -> bool:
        return (
            type(value) in {list, tuple} and bool(value) and all(isinstance(one, JavaObject) for one in value)
        )

    def convert(self, value: Sequence[Any], client: Any) -> Any:
        list_of = JavaMember("of", None, f"{STATIC_PREFIX}java.util.List", client)
        if len(value) <= _AT_ONCE:
            return list_of(*value)
        found = JavaClass("java.util.ArrayList", client)()
        for some in batched(value, _AT_ONCE, strict=False):
            found.addAll(list_of(*some))
        return found
