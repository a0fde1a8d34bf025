"""Past states of a table from its items and its stream, compared with a model that keeps every state."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workflows.local.exports.table_history import Item, NetChange, Table, items_at, key_text, net_changes

KEYS = st.sampled_from("abc")
VALUES = st.one_of(st.none(), st.integers(0, 2))  # None: delete


class WrittenTable:
    """A table written one step at a time, as the embedded AWS stores it, with all its states."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Item]] = {}
        self.records: list[dict[str, Any]] = []
        self.states: list[tuple[float, dict[str, Item]]] = [(0.0, {})]

    def write(self, millis: int, key: str, value: int | None) -> None:
        old = self.rows.get(key, {}).get("-")
        new = None if value is None else {"_key": {"S": key}, "value": {"N": str(value)}}
        if new is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = {"-": new}
        if old == new:
            return
        images = {"OldImage": old, "NewImage": new}
        change = {
            "Keys": {"_key": {"S": key}},
            "SequenceNumber": f"{millis:020d}{len(self.records):010d}",
            **{name: image for name, image in images.items() if image is not None},
        }
        self.records.append({"dynamodb": change})
        self.states.append((millis / 1000, {row: items["-"] for row, items in self.rows.items()}))

    def state(self, before: float) -> dict[str, Item]:
        return [state for at, state in self.states if at < before or at == 0.0][-1]

    def table(self) -> Table:
        return Table("arn", "id", "name", ("_key",), self.rows, self.records, has_both_images=True)


@st.composite
def histories(draw: st.DrawFn) -> WrittenTable:
    written, millis = WrittenTable(), 1_000
    for key, value, pause in draw(st.lists(st.tuples(KEYS, VALUES, st.sampled_from([0, 1, 500, 1000])))):
        millis += pause
        written.write(millis, key, value)
    return written


TIMES = st.integers(0, 12).map(lambda halves: 1 + halves / 2)


def by_key(items: list[Item]) -> dict[str, Item]:
    return {item["_key"]["S"]: item for item in items}


@given(histories(), TIMES)
def test_the_items_at_a_time_are_those_of_the_last_state_before_it(written: WrittenTable, at: float) -> None:
    assert by_key(items_at(written.table(), at)) == written.state(at)


@given(histories(), TIMES, TIMES)
def test_net_changes_lead_from_the_state_before_the_window_to_the_one_after(
    written: WrittenTable, start: float, end: float
) -> None:
    before, after = written.state(start), written.state(max(start, end))

    changes = net_changes(written.table(), start, max(start, end))

    assert len({key_text(change.key) for change in changes}) == len(changes)
    by_key_text = {change.key["_key"]["S"]: change for change in changes}
    assert {key for key in before | after if before.get(key) != after.get(key)} <= by_key_text.keys()
    for key, change in by_key_text.items():
        assert (change.old, change.new) == (before.get(key), after.get(key))
        assert (change.old, change.new) != (None, None)
        assert start * 1_000_000 <= change.written_micros < end * 1_000_000


def test_an_item_created_and_deleted_within_the_window_is_left_out() -> None:
    written = WrittenTable()
    written.write(5_000, "a", 1)
    written.write(6_000, "a", None)

    assert net_changes(written.table(), 5, 7) == []
    assert net_changes(written.table(), 6, 7) == [
        NetChange({"_key": {"S": "a"}}, {"_key": {"S": "a"}, "value": {"N": "1"}}, None, 6_000_000)
    ]


def test_a_window_includes_its_start_and_excludes_its_end() -> None:
    written = WrittenTable()
    written.write(5_000, "a", 1)
    written.write(6_000, "b", 1)

    assert [change.key["_key"]["S"] for change in net_changes(written.table(), 5, 6)] == ["a"]


def test_composite_keys_differ_by_both_parts() -> None:
    item = {"pk": {"S": "x"}, "sk": {"N": "1"}}
    other = {"pk": {"S": "x"}, "sk": {"N": "2"}}
    table = Table("arn", "id", "name", ("pk", "sk"), {"x": {"1": item, "2": other}}, [], True)

    assert items_at(table, 1) == [item, other]
