"""The reference model does not depend on the order of changes, and is the model of `glueline run` too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model import Change, merged
from workflows.demo import baskets

POSITIONS = st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.sampled_from("xy"))
CHANGES = st.builds(
    lambda at, op: Change(at[0], op, at[1], at[2], (op, *at)),
    POSITIONS,
    st.sampled_from(["upsert", "delete"]),
)


@given(changes=st.lists(CHANGES, max_size=6), data=st.data())
def test_the_order_and_the_batches_of_changes_do_not_matter(
    changes: list[Change], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(changes + changes[:2]))
    cut = data.draw(st.integers(0, len(shuffled)))

    whole, cut_up = merged([changes]), merged([shuffled[:cut], shuffled[cut:]])

    assert (whole.upserts, whole.tombstones) == (cut_up.upserts, cut_up.tombstones)


@pytest.mark.parametrize("first", ["upsert", "delete"])
def test_an_upsert_at_the_position_of_a_tombstone_stands(first: str) -> None:
    ops = ["upsert", "delete"] if first == "upsert" else ["delete", "upsert"]

    model = merged([[Change("a", op, 1, "x", op)] for op in ops])

    assert (model.rows(), set(model.tombstones)) == ({"a": "upsert"}, {"a"})


def test_a_retract_removes_what_stands_at_its_position_and_nothing_else() -> None:
    batches = [
        [Change("a", "upsert", 2, "x"), Change("b", "delete", 2, "x"), Change("c", "upsert", 3, "x")],
        [Change(key, "retract", 2, "x") for key in "abc"],
    ]

    model = merged(batches)

    assert (set(model.rows()), set(model.tombstones)) == ({"c"}, set())


def test_the_model_of_the_demo_is_this_one() -> None:
    changes = [message.change for message in baskets.messages(400) if message.change is not None]
    versions = {(change.key, change.version): change.row for change in changes}
    assert all(versions[change.key, change.version] == change.row for change in changes)

    model = merged([[_modelled(change) for change in changes]])

    assert {str(key): row for key, row in baskets.newest_rows(changes).items()} == model.rows()


def _modelled(change: baskets.BasketChange) -> Change:
    op = "delete" if change.row is None else "upsert"
    return Change(str(change.key), op, int(change.version.timestamp() * 1_000_000), "", change.row)
