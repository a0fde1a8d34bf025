"""Names of arrivals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.arrivals import SETTLE_MICROS, arrival_key, folder, micros_of, raw_key_of, stamp
from tests.workflows.expanded_template import TEMPLATE

RAW = "stream/order_lines/2026/11/30/21/57d4cba4d87d-442-443.jsonl.gz"
micros = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)  # of the years 1 to 9999


@given(one=micros, other=micros)
def test_names_sort_as_their_times(one: int, other: int) -> None:
    names = [arrival_key(RAW, time).removeprefix(folder("order_lines")) for time in (one, other)]

    assert [micros_of(name) for name in names] == [one, other]
    assert [raw_key_of("order_lines", name) for name in names] == [RAW, RAW]
    assert (one < other) == (names[0] < names[1])
    assert (one <= other) == (stamp(one) < names[1])  # a time is before what arrived at it


@pytest.mark.parametrize("key", ["drops/a/b.csv", "stream/a/b.jsonl.gz", RAW.replace(".gz", "")])
def test_other_objects_have_no_arrival(key: str) -> None:
    with pytest.raises(ValueError, match="expected the key of an object of the stream"):
        arrival_key(key, 0)


TIME = "20261130T210000.000000Z"


@pytest.mark.parametrize("name", ["", TIME, f"{TIME}-2026113021-../a-1-2"])
def test_other_names_have_no_object(name: str) -> None:
    with pytest.raises(ValueError, match="expected the name of an arrival"):
        raw_key_of("order_lines", name)


def test_arrivals_settle_when_the_forwarder_has_ended() -> None:
    timeout = TEMPLATE["Globals"]["Function"]["Timeout"]

    assert "Timeout" not in TEMPLATE["Resources"]["Forwarder"]["Properties"]
    assert timeout * 1_000_000 < SETTLE_MICROS
