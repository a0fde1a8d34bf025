"""From the queue to the RAW bucket with faults: calls fail, responses get lost, functions are killed.

When AWS's own retries are done, everything ends as in a run without a fault.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.timestamps import from_micros
from tests.builders import transaction
from tests.faults.conftest import Survived
from tests.faults.flow import Flow, flowing, message, newest, standing, state
from tests.faults.proxy import FAILURES, KILLS, Call, Fault
from tests.model import Change
from tests.properties import examples

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults of functions")]  # which share a list of calls
type Flows = Callable[[], AbstractContextManager[Flow]]

START = 1_483_271_606_000_000  # microseconds
EXAMPLES = examples(5, deep=100)


def line(event_id: str, product_id: int, second: int, op: str = "upsert") -> str:
    """A message about a basket line, with the second as its version and its quantity."""
    updated_at = from_micros(START + second * 1_000_000)
    row = transaction(product_id=product_id, quantity=second, updated_at=updated_at)
    key = ("basket_id", "product_id", "updated_at")
    return message(event_id, op, row if op == "upsert" else {name: row[name] for name in key})


# Two versions of a row, another row, a deleted row, and a row that breaks the contract.
MESSAGES = (
    line("a1", 1, 1),
    line("a2", 1, 2),
    line("b1", 2, 1),
    line("c1", 3, 1),
    line("c2", 3, 2, "delete"),
    line("bad", 0, -1),
)
ROWS = {
    "31198570044,1": (START + 2_000_000, (False, "2")),
    "31198570044,2": (START + 1_000_000, (False, "1")),
    "31198570044,3": (START + 2_000_000, (True, None)),
}


@pytest.fixture
def flows(aws: str, tmp_path: Path) -> Flows:
    """Makes a flow with nothing in it."""
    return partial(flowing, aws, tmp_path)


@pytest.fixture(scope="module")
def calls(aws: str, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """The calls that the functions make to AWS and the API without a fault."""
    with flowing(aws, tmp_path_factory.mktemp("clean")) as flow, flow.proxy.recording() as made:
        flow.send(*MESSAGES)
        flow.drain()
        check_all_is_there(flow)
    return made


def check_all_is_there(flow: Flow) -> None:
    items = {key: (int(item["_version"]["N"]), state(item)) for key, item in flow.items().items()}
    assert items == ROWS
    assert newest(flow.landed()) == ROWS
    assert flow.dead_letters() == {"bad"}


def test_the_functions_make_the_calls_that_faults_are_injected_into(calls: Sequence[Call]) -> None:
    assert {call.operation for call in calls} == {
        "awscognitoidentityproviderservice.DescribeUserPoolClient",
        "POST /outside/oauth2/token",
        "POST /outside/batch",
        "dynamodb.TransactWriteItems",
        "amazonsqs.SendMessageBatch",
        "sns.Publish",
        "s3.PutObject",
    }


FEW = ("caller killed after the effect", "reset after the effect")
FAULTS = [
    pytest.param(fault, marks=() if fault.name in FEW else pytest.mark.deep, id=str(fault))
    for fault in (*KILLS, *FAILURES)
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_whichever_call_meets_a_fault_everything_ends_as_if_it_had_not(
    flows: Flows,
    calls: Sequence[Call],
    fault: Fault,
    subtests: pytest.Subtests,
    survived: Survived,
) -> None:
    for call in calls:
        with subtests.test(call=str(call)), flows() as flow:
            flow.send(*MESSAGES)
            with flow.proxy.failing(call, fault):
                flow.poll_queue()
                flow.poll_stream()
            assert flow.proxy.hits > 0
            assert len(flow.killed) == (fault.kind == "kill")
            flow.drain()

            check_all_is_there(flow)
            survived(f"functions: {fault}")


OF_FUNCTION = {
    "queue": (
        "awscognitoidentityproviderservice.DescribeUserPoolClient",
        "POST /outside/oauth2/token",
        "POST /outside/batch",
        "dynamodb.TransactWriteItems",
    ),
    "stream": ("s3.PutObject",),
}


class Poll(NamedTuple):
    """One poll of a queue or a stream, with what goes wrong in it."""

    source: str
    most: int  # messages or records
    again: int  # records of the stream before them that are delivered once more
    fault: tuple[Call, Fault] | None


@st.composite
def polls(draw: st.DrawFn) -> Poll:
    source = draw(st.sampled_from(["queue", "queue", "stream"]))
    calls = st.builds(Call, st.sampled_from(OF_FUNCTION[source]), st.just(1))
    faults = st.none() | st.tuples(calls, st.sampled_from([*KILLS, *FAILURES]))
    return Poll(source, draw(st.integers(1, 6)), draw(st.integers(0, 2)), draw(faults))


@st.composite
def deliveries(draw: st.DrawFn) -> list[Change]:
    """Changes of a few rows, in any order, some of them twice."""
    positions = st.tuples(st.integers(1, 3), st.integers(1, 4))
    ops = st.sampled_from(["upsert", "upsert", "delete"])
    ops_of = draw(st.dictionaries(positions, ops, min_size=1, max_size=6))
    changes = [
        Change(f"31198570044,{key}", op, START + second * 1_000_000, "", (False, str(second)))
        for (key, second), op in ops_of.items()
    ]
    again = draw(st.lists(st.sampled_from(changes), max_size=3))
    return draw(st.permutations(changes + again))


@settings(max_examples=EXAMPLES)
@given(sent=deliveries(), rhythm=st.lists(polls(), min_size=1, max_size=5))
def test_whatever_comes_late_twice_in_any_order_or_meets_a_fault_the_newest_version_stands_and_lands(
    flows: Flows, survived: Survived, sent: list[Change], rhythm: list[Poll]
) -> None:
    with flows() as flow:
        flow.send(*(line(f"e{number}", *_spelled(change)) for number, change in enumerate(sent)))
        for poll in rhythm:
            with flow.proxy.failing(*poll.fault) if poll.fault else nullcontext():
                if poll.source == "queue":
                    flow.poll_queue(poll.most)
                else:
                    flow.read = max(0, flow.read - poll.again)
                    flow.poll_stream(poll.most)
            if poll.fault and flow.proxy.hits:
                survived(f"functions: {poll.fault[1]}")
        flow.drain()

        expected = standing(sent)
        items = {key: (int(item["_version"]["N"]), state(item)) for key, item in flow.items().items()}
        assert (items, newest(flow.landed()), flow.dead_letters()) == (expected, expected, set())


def _spelled(change: Change) -> tuple[int, int, str]:
    return int(change.key.partition(",")[2]), (change.version - START) // 1_000_000, change.op
