"""The lineage of a batch as a drawing, and its columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import pytest

from expectations.odcs import load_contracts
from jobs.lineage.events import Assertion, Dataset, Input, Run, athena_table, completed, failed, written
from workflows.console.views.lineage import HEIGHT, MOST_SOURCES, columns, lanes
from workflows.query.lineage import Read, Step, steps

AT: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)
PRODUCTS: Final = replace(
    load_contracts()["products"],
    columns=tuple(
        replace(column, aliases=("Brand", "label")) if column.name == "brand" else column
        for column in load_contracts()["products"].columns
    ),
)
FILES: Final = [Dataset("s3://raw", f"drops/products/{name}.csv") for name in "ab"]
CHANGES: Final = athena_table("eu-central-1", "shop_lake", "products_changes")
TABLE: Final = athena_table("eu-central-1", "shop_lake", "products")


def batch(*, merged: bool = True) -> list[Step]:
    """The steps of a batch of two files with five rows, of which three are accepted."""
    check = Run("glueline/shop", "check", "wr_1", "products", AT)
    merge = Run("glueline/shop", "merge", "wr_1", "products", AT + timedelta(minutes=1))
    rules = [Assertion("brand.known", "expect_column_values_to_be_in_set", False, "brand")]
    read = [Input(FILES[0], 4, size=2_500_000), Input(FILES[1], 1, size=120)]
    told = completed(check, AT, read, written(CHANGES, PRODUCTS, FILES, 3, by_alias=True), rules)
    if merged:
        output = written(TABLE, PRODUCTS, [CHANGES], None, by_alias=False)
        told += completed(merge, AT, [Input(CHANGES, 3, files=None)], output)
    else:
        told += failed(merge, AT, "CommitFailedException")
    return steps(told)


def test_a_batch_is_drawn_from_its_files_to_its_changes_to_its_table() -> None:
    [lane] = lanes(batch(), {"products": 92_353})

    assert [(box.name, box.words) for box in lane.boxes] == [
        ("drops/products/a.csv", "4 rows read, 2.5 MB"),
        ("drops/products/b.csv", "1 row read, 120 B"),
        ("products_changes", "3 rows accepted"),
        ("products", "92,353 rows now"),
    ]
    assert [box.x for box in lane.boxes] == [10, 10, 430, 850]
    assert [(label.words, label.more, label.tone) for label in lane.labels] == [
        ("check", "2 rejected", "good"),
        ("merge", "", "good"),
    ]
    assert len(lane.arrows) == 3
    assert lane.notes == ("Rules of products that did not hold: brand.known",)
    assert lane.boxes[-1].link == "/contracts/products"


def test_a_step_that_failed_says_why_and_is_red() -> None:
    [lane] = lanes(batch(merged=False), {})

    assert (lane.labels[1].words, lane.labels[1].tone) == ("merge failed", "bad")
    assert "merge of products failed: CommitFailedException" in lane.notes
    assert lane.boxes[-1].words == ""  # there may be no table yet


@pytest.mark.parametrize(
    ("number", "boxes"), [(0, 1), (1, 1), (MOST_SOURCES, MOST_SOURCES), (50, MOST_SOURCES)]
)
def test_many_sources_become_few_boxes_that_do_not_overlap(number: int, boxes: int) -> None:
    [check, *_] = batch()
    many = replace(
        check, reads=tuple(Read(f"s3://raw/drops/products/{place}.csv", 2) for place in range(number))
    )

    [lane] = lanes([many], {})

    sources = lane.boxes[:-2]
    assert len(sources) == boxes
    tops = [box.y for box in sources]
    assert all(later - top >= HEIGHT for top, later in pairwise(tops))
    assert lane.height >= max([0, *tops]) + HEIGHT
    if number == 50:
        assert (sources[-1].name, sources[-1].words) == ("45 more objects", "90 rows read")


def test_a_long_key_keeps_its_end_and_the_whole_of_it() -> None:
    [check, *_] = batch()
    key = "s3://raw/drops/products/" + "x" * 60 + "/the-end.csv"

    [lane] = lanes([replace(check, reads=(Read(key),))], {})

    assert lane.boxes[0].name.startswith("…")
    assert lane.boxes[0].name.endswith("the-end.csv")
    assert lane.boxes[0].whole == key


def test_a_column_comes_from_its_column_in_the_changes_and_from_its_names_in_files() -> None:
    found = {line.name: line for line in columns(batch(), "products")}

    aliased = next(column for column in PRODUCTS.columns if column.aliases)
    line = found[aliased.name]
    assert line.changes == (aliased.name,)
    assert line.sources == (aliased.name, *aliased.aliases)
    assert line.type == aliased.type
    assert list(found) == [column.name for column in PRODUCTS.columns]
    assert columns(batch(), "orders") == []


def test_columns_of_a_batch_whose_merge_failed_have_their_sources() -> None:
    [first, *_] = columns(batch(merged=False), "products")

    assert first.changes == ()
    assert first.sources


def test_the_box_of_more_sources_counts_all_their_objects_and_rows_only_if_all_are_known() -> None:
    [check, *_] = batch()
    drops = [Read(f"s3://raw/drops/products/{place}.csv", 2, files=1) for place in range(MOST_SOURCES)]
    stream = Read("s3://raw/stream/products", 900, files=300)

    [lane] = lanes([replace(check, reads=(*drops, stream))], {})
    assert (lane.boxes[-3].name, lane.boxes[-3].words) == ("301 more objects", "902 rows read")

    [lane] = lanes([replace(check, reads=(*drops, replace(stream, rows=None)))], {})
    assert lane.boxes[-3].words == ""


def test_a_check_that_failed_begins_at_the_objects_of_its_batch() -> None:
    check = Run("glueline/shop", "check", "wr 1", "products", AT)

    [lane] = lanes(steps(failed(check, AT, "UnreadableFile: no columns")), {})

    assert [box.name for box in lane.boxes] == ["objects of the batch", "products_changes", "products"]
    assert lane.boxes[0].link == "/batches/wr%201"
    assert [box.words for box in lane.boxes] == ["", "", ""]
    assert (lane.labels[0].words, len(lane.arrows)) == ("check failed", 1)
